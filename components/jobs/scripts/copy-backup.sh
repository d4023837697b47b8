#!/bin/sh
# Copies the newest backup to S3:
#
#   copy-backup.sh FOLDER s3://BUCKET/PREFIX
#
# Its objects are below PREFIX/MOMENT. The last of them, SHA256SUMS, lists the others: S3 takes one
# object at a time, and copies them to another region in any order, so that only who has all of the list
# has the backup. Needs no right but to put objects there.
# Environment: what the AWS CLI reads, HOME.
set -eu
umask 077

folder=$1
to=$2

newest=''
for backup in "$folder"/????-??-??T??-??-??Z; do
    [ ! -d "$backup" ] || newest=$backup
done
if [ -z "$newest" ]; then
    echo 'there is no backup' >&2
    exit 1
fi
moment=${newest##*/}

cd "$newest"
sums=$HOME/SHA256SUMS
files=0
for file in */*.json; do
    # An n8n with nothing in it has a backup too.
    [ -f "$file" ] || continue
    sha256sum "$file"
    files=$((files + 1))
done >"$sums"

aws s3 cp --only-show-errors --recursive . "$to/$moment/"
aws s3 cp --only-show-errors "$sums" "$to/$moment/SHA256SUMS"
echo "$moment: $files files copied to $to"
