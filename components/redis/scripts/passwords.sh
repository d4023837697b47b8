#!/bin/sh
# Say how far a rotation of passwords has come on this node: a line for each user with one word.
#
#   settled    Redis accepts one password
#   next       it accepts the next one too; clients may be given it
#   switched   clients have been given it; Redis accepts the previous one too
#   unordered  it accepts the next one too, but would not accept the present one as the previous:
#              previous-… must be written before clients are given the next
#   pending    Redis does not do yet what the files say: the keeper is about to tell it
#
# Exit codes: 0 both lines are said; 1 Redis does not answer.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$REDIS_CONFIGURATION/lib.sh"
# shellcheck source-path=SCRIPTDIR source=users.sh
. "$REDIS_CONFIGURATION/users.sh"

# hash_if_any KEY: nothing if there is none.
hash_if_any() {
    if [ -s "$REDIS_PASSWORDS/$1" ]; then
        hash_of "$REDIS_PASSWORDS/$1"
    fi
}

# stage KEY: what the files say.
stage() {
    present=$(hash_if_any "$1")
    next=$(hash_if_any "next-$1")
    previous=$(hash_if_any "previous-$1")
    if [ "${next:-$present}" != "$present" ]; then
        if [ "$previous" = "$present" ]; then echo next; else echo unordered; fi
    elif [ "${previous:-$present}" != "$present" ]; then
        echo switched
    else
        echo settled
    fi
}

# report USER KEY
report() {
    now=$(in_force "$1")
    if [ -z "$now" ]; then
        echo "Redis does not answer"
        exit 1
    fi
    if [ "$now" != "$(accepted "$2")" ] || ! masterauth_agrees; then
        echo "$1 pending"
    else
        echo "$1 $(stage "$2")"
    fi
}

report n8n password
report cluster cluster-password
