#!/bin/sh
# Writes n8n's workflows and credentials to a volume, the latter as encrypted as n8n stores them:
#
#   backup.sh FOLDER export:workflow export:credentials
#
# FOLDER gets a folder for each backup, named after its moment, with one for each command in it. It is
# there when it is complete. Backups that are older than KEEP_DAYS are deleted after a new one is made,
# so that there is always one.
# Environment: what n8n reads, KEEP_DAYS.
set -eu
umask 077

folder=$1
shift

moment() { # SECONDS: as folders are named, so that their names are in the order of time
    date -u -d "@$1" +%Y-%m-%dT%H-%M-%SZ
}

has_files() { # FOLDER
    for file in "$1"/*.json; do
        [ -f "$file" ] && return 0
    done
    return 1
}

now=$(date +%s)
partial=$folder/partial
rm -rf "$partial"
mkdir "$partial"

for command in "$@"; do
    into=$partial/${command#export:}
    mkdir "$into"
    status=0
    said=$(n8n "$command" --backup --output="$into/" 2>&1) || status=$?
    case $said in
        # n8n calls it an error when there is nothing yet.
        *'No workflows found with specified filters'* | *'No credentials found with specified filters'*)
            echo "$command: there is nothing"
            continue
            ;;
    esac
    # Some releases end well whatever happened: files are what counts.
    if [ $status -ne 0 ] || ! has_files "$into"; then
        printf '%s\n' "$said" >&2
        echo "$command: failed" >&2
        exit 1
    fi
    echo "$command: $(set -- "$into"/*.json; echo $#) files"
done

mv "$partial" "$folder/$(moment "$now")"

oldest=$(moment $((now - KEEP_DAYS * 86400)))
for backup in "$folder"/????-??-??T??-??-??Z; do
    name=${backup##*/}
    [ "$name" \< "$oldest" ] || continue
    rm -rf "$backup"
    echo "$name: deleted after $KEEP_DAYS days"
done
