# What the other scripts share. They source it; it starts nothing.
#
# From the environment (configuration.py):
#   REDIS_CONFIGURATION  directory of these scripts, with the file `topology`
#   REDIS_PORT           port of every node
#   REDIS_DOMAIN         what follows a pod's name in its host name
#   REDIS_CA             certificate of the authority; empty without TLS
#   REDIS_PASSWORDS      directory with a file for each password; the kubelet renews it
# shellcheck shell=sh

# redis HOST [COMMAND…]: run a command, or those on standard input, on one node as `cluster`.
# Fails if the node does not answer in time or answers with an error, which is then the output.
redis() {
    redis_as cluster "$REDIS_PASSWORDS/cluster-password" "$@"
}

# redis_as USER FILE HOST [COMMAND…]: the same as another user, whose password is in FILE.
redis_as() {
    redis_user=$1
    redis_host=$3
    # The dot keeps a line break at the end, which $() would drop.
    redis_password=$(cat "$2" 2>&1 && echo .) || {
        echo "$redis_password"
        return 1
    }
    shift 3
    if [ -n "$REDIS_CA" ]; then
        set -- --tls --cacert "$REDIS_CA" "$@"
    fi
    # redis-cli reads the password from its environment, so that it is in no argument.
    REDISCLI_AUTH=${redis_password%.} timeout 5 \
        redis-cli -e --user "$redis_user" -h "$redis_host" -p "$REDIS_PORT" "$@" 2>&1
}

# address POD: the pod's IP as DNS knows it now; fails while it has none.
address() {
    getent hosts "$1.$REDIS_DOMAIN" | awk 'NR == 1 { print $1 } END { exit NR == 0 }'
}

# pods: the six pods, one a line.
pods() {
    awk '{ print $3; print $4 }' "$REDIS_CONFIGURATION/topology"
}

# nodes: CLUSTER NODES on standard input as lines that awk can compare, `-` for nothing:
#   id  pod  ip  flags  master-id  link-state  slots
# In CLUSTER NODES an address is ip:port@bus[,hostname[,more…]], the sixth field after it is the
# first range of slots, and what stands in brackets is a slot on the move.
nodes() {
    awk -v domain=".$REDIS_DOMAIN" '
        NF >= 8 && $2 ~ /@/ {
            split($2, address, ",")
            ip = address[1]
            sub(/@.*/, "", ip)
            sub(/:[0-9]+$/, "", ip)
            pod = address[2]
            if (index(pod, domain)) pod = substr(pod, 1, index(pod, domain) - 1)
            slots = ""
            for (field = 9; field <= NF; field++)
                if ($field !~ /^\[/) slots = slots (slots == "" ? "" : ",") $field
            print $1, (pod == "" ? "-" : pod), (ip == "" ? "-" : ip), $3, $4, $8, \
                (slots == "" ? "-" : slots)
        }'
}

# value NAME: the value of NAME in a reply of `name:value` lines on standard input.
value() {
    awk -v name="$1:" 'index($0, name) == 1 { sub(/\r$/, ""); print substr($0, length(name) + 1) }'
}

log() {
    echo "$(date -u +%FT%TZ) $*"
}
