#!/bin/sh
# Answers the requests of data subjects, one after another:
#
#   requests.sh erasure|export REQUESTS [EXPORTS]
#
# REQUESTS is a folder with a file for each request, named erasure-NUMBER or export-NUMBER, such as
# erasure-2026-41: the number of a ticket, so that nobody's name is in a log. It holds what the person
# is known by: e-mail addresses, customer numbers, one on a line. EXPORTS is where answers go.
#
# Environment: PG… as psql reads it, MAXIMUM_EXECUTIONS, EXPORT_DAYS.
# Exit status: 0 all is done; 3 something is left for a person, which trying again will not change;
# 1 something failed.
set -eu
umask 077

right=$1 requests=$2 exports=${3:-}
scripts=$(dirname "$0")
failed='' left=''

ask() { # FILE REQUEST SQL: psql on a request
    base64 -w 0 "$1" | psql -X -q -v request="$2" -v maximum="${MAXIMUM_EXECUTIONS:-0}" -f "$scripts/$3"
}

erase() { # FILE REQUEST
    said=$(ask "$1" "$2" erasure.sql) || return 1
    printf '%s\n' "$said" | {
        read -r executions files elsewhere running
        echo "$2: deleted $executions executions with $files files; $running still run;" \
            "found in $elsewhere rows elsewhere"
        cat
        [ $((elsewhere + running)) -eq 0 ] || return 3
    }
}

hand_out() { # FILE REQUEST
    answer=$exports/$2.jsonl
    if answered "$2"; then
        echo "$2: was answered before"
        return
    fi
    ask "$1" "$2" export.sql > "$answer.partial" || { rm -f "$answer.partial"; return 1; }
    mv "$answer.partial" "$answer"
    echo "$2: wrote $(($(wc -l < "$answer") - 1)) executions"
}

answered() { # REQUEST
    [ "$(psql -X -q -A -t -v request="$1" -f "$scripts/answered.sql")" = t ]
}

dispose() { # answers that are older than EXPORT_DAYS
    now=$(date +%s)
    for answer in "$exports"/*; do
        [ -f "$answer" ] || continue
        if [ $((now - $(stat -c %Y "$answer"))) -ge $((EXPORT_DAYS * 86400)) ]; then
            rm "$answer"
            echo "$(basename "$answer"): deleted after $EXPORT_DAYS days"
        fi
    done
}

[ "$right" = erasure ] || dispose

for file in "$requests"/*; do
    [ -f "$file" ] || continue
    request=$(basename "$file")
    number=${request#*-}
    case $request in erasure-[0-9]* | export-[0-9]*) ;; *) number=x ;; esac
    case $number in
        *[!0-9-]*)
            # What it is called may be somebody's name.
            echo 'a request is named neither erasure-NUMBER nor export-NUMBER' >&2
            failed=yes
            continue
            ;;
    esac
    status=0
    case $right-$request in
        erasure-erasure-*) erase "$file" "$request" || status=$? ;;
        export-export-*) hand_out "$file" "$request" || status=$? ;;
    esac
    case $status in
        0) ;;
        3) left=yes ;;
        *)
            echo "$request: failed" >&2
            failed=yes
            ;;
    esac
done

[ -z "$failed" ] || exit 1
[ -z "$left" ] || exit 3
