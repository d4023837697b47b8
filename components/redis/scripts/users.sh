# The passwords of the users `n8n` and `cluster`: which ones Redis ought to accept, and which it does.
# Other scripts source this after lib.sh; it starts nothing.
#
# A user has up to three passwords, so that they can be changed without a moment in which somebody is
# refused: KEY, with which clients log in, next-KEY and previous-KEY. The two others are accepted as
# well, if they are there and not empty. KEY is `password` for n8n, `cluster-password` for cluster.
# shellcheck shell=sh

# has_passwords: the passwords that must be there are there, and not empty.
has_passwords() {
    [ -s "$REDIS_PASSWORDS/password" ] && [ -s "$REDIS_PASSWORDS/cluster-password" ]
}

# hash_of FILE: its content's hash as Redis keeps it.
hash_of() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

# accepted KEY: hashes of the passwords that Redis ought to accept of one user, sorted.
accepted() {
    for key in "$1" "next-$1" "previous-$1"; do
        if [ -s "$REDIS_PASSWORDS/$key" ]; then
            hash_of "$REDIS_PASSWORDS/$key"
        fi
    done | sort -u
}

# administer [COMMAND…]: run a command, or those on standard input, on this pod's node as `keeper`.
administer() {
    redis_as keeper "$REDIS_RUN/keeper-password" "$POD_IP" "$@"
}

# in_force USER: hashes of the passwords that Redis accepts of a user, sorted; nothing if it does not
# answer.
in_force() {
    administer ACL GETUSER "$1" | grep -xE '[0-9a-f]{64}' | sort
}

# masterauth_agrees: Redis logs in to its master with the Secret's cluster-password.
masterauth_agrees() {
    [ "$(administer CONFIG GET masterauth)" = \
        "$(echo masterauth && cat "$REDIS_PASSWORDS/cluster-password")" ]
}
