#!/bin/bash
# docker-entrypoint.sh of PostgreSQL's image, as its documentation describes it:
#
#   - an empty PGDATA becomes a database cluster whose superuser is POSTGRES_USER with
#     POSTGRES_PASSWORD, with a database POSTGRES_DB
#   - then *.sql and *.sh of /docker-entrypoint-initdb.d run, in order, against a server that
#     listens on its socket only
#   - then, and at every later start, the arguments are what runs
#
# Left out: starting as the superuser, *_FILE variables, compressed SQL, and passwordless access.
set -euo pipefail

# Only a server is prepared for; options alone mean the server.
case ${1:-} in
    -*) set -- postgres "$@" ;;
    postgres) ;;
    *) exec "$@" ;;
esac

POSTGRES_USER=${POSTGRES_USER:-postgres}
POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}

sql() {
    psql --no-psqlrc --no-password --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" "$@"
}

initialize() {
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "The database is empty and POSTGRES_PASSWORD is not set: set it." >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # several options in one variable, as the published image has it
    initdb --username "$POSTGRES_USER" --pwfile <(echo "$POSTGRES_PASSWORD") \
        --auth-host scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

    export PGPASSWORD=$POSTGRES_PASSWORD
    pg_ctl --wait --options "$(printf '%q ' "${@:2}" -c listen_addresses=)" start
    if [ "$POSTGRES_DB" != postgres ]; then
        sql --dbname postgres --set database="$POSTGRES_DB" <<<'CREATE DATABASE :"database";'
    fi
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sql)
                echo "running $file"
                sql --dbname "$POSTGRES_DB" --file "$file"
                ;;
            *.sh)
                echo "running $file"
                # shellcheck disable=SC1090 # whatever the user mounts there
                if [ -x "$file" ]; then "$file"; else . "$file"; fi
                ;;
        esac
    done
    pg_ctl --wait --mode fast stop
    unset PGPASSWORD
}

mkdir -p "$PGDATA"
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initialize "$@"
fi
exec "$@"
