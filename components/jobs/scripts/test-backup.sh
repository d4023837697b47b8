#!/bin/sh
# Restores the newest backup into an n8n whose database is empty, as somebody would after a loss:
#
#   test-backup.sh FOLDER import:workflow import:credentials
#
# It passes if all that is in the backup is in n8n then, and every credential opens with the encryption
# key. Environment: what n8n reads, with the database and the key.
set -eu
umask 077

folder=$1
shift

count() { # FOLDER: how many files are in it
    number=0
    for file in "$1"/*.json; do
        [ ! -f "$file" ] || number=$((number + 1))
    done
    echo $number
}

newest=''
for backup in "$folder"/????-??-??T??-??-??Z; do
    [ ! -d "$backup" ] || newest=$backup
done
if [ -z "$newest" ]; then
    echo 'there is no backup' >&2
    exit 1
fi

again=$(mktemp -d)
for command in "$@"; do
    kind=${command#import:}
    given=$(count "$newest/$kind")
    if [ "$given" -eq 0 ]; then
        echo "$kind: there is nothing in the backup"
        continue
    fi
    n8n "$command" --separate --input="$newest/$kind/"
    n8n "export:$kind" --backup --output="$again/$kind/"
    restored=$(count "$again/$kind")
    if [ "$restored" -ne "$given" ]; then
        echo "$kind: $given files in the backup, and $restored of them in n8n" >&2
        exit 1
    fi
    if [ "$kind" = credentials ]; then
        # n8n opens each of them to write them in plain text: to nowhere.
        opened=$(n8n export:credentials --all --decrypted --output=/dev/null 2>&1) || opened="failed: $opened"
        case $opened in
            *"Successfully exported $given credentials"*) ;;
            *)
                echo 'credentials: they do not open with this encryption key' >&2
                exit 1
                ;;
        esac
    fi
    echo "$kind: $restored restored"
done
rm -rf "$again"
echo "${newest##*/} can be restored"
