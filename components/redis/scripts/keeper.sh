#!/bin/sh
# Keep one node part of the cluster, and in its place. Runs beside every node and only ever acts on
# its own, so that six keepers need no agreement:
#
#   - the node forgets an old self of a pod whose volume was lost
#   - the node meets the others again where their IPs changed, even all at once
#   - a node that holds nothing joins the cluster, and follows the other pod of its shard
#   - a replica whose master moved copies from where the master is now
#   - a pod that is meant to be master, and is a replica in good health, takes over
#   - passwords that changed in their Secret change in Redis, without a restart
#
# Beside lib.sh's environment: POD_NAME, POD_IP (this pod); REDIS_RUN (start.sh's directory);
# KEEPER_SECONDS between two looks, 5; STEADY_SECONDS that a node runs before it takes over, 60, so
# that one that keeps crashing doesn't.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$REDIS_CONFIGURATION/lib.sh"
# shellcheck source-path=SCRIPTDIR source=users.sh
. "$REDIS_CONFIGURATION/users.sh"

# The two pods of this pod's shard.
read -r master partner <<EOF_SHARD
$(awk -v me="$POD_NAME" '
    $3 == me { print $3, $4 }
    $4 == me { print $3, $3 }' "$REDIS_CONFIGURATION/topology")
EOF_SHARD

# do_here WHY COMMAND…: a change to this node, logged with its outcome.
do_here() {
    reason=$1
    shift
    log "$reason: $* → $(redis "$POD_IP" "$@")"
}

# Two entries of one pod: the one that failed is a node whose volume was lost. A node that was down
# meanwhile tells the others of it again, but not its name: no entry is missing then.
forget_lost_selves() {
    echo "$table" | awk '
        $4 !~ /fail|handshake|noaddr/ && $2 != "-" { alive += !($2 in present); present[$2] = $1 }
        $4 ~ /fail/ && $4 !~ /fail\?/ && $7 == "-" { gone[$1] = $2 }
        END {
            for (id in gone)
                if (gone[id] in present || gone[id] == "-" && alive == 6) print id, gone[id]
        }' |
        while read -r id pod; do
            do_here "$pod is another node now" CLUSTER FORGET "$id"
        done
}

meet_moved() {
    echo "$table" | awk '
        ($6 != "connected" || $4 ~ /fail|noaddr/) && $4 !~ /myself|handshake/ && $2 != "-" {
            print $2, $3
        }' |
        while read -r pod known; do
            ip=$(address "$pod") || continue
            if [ "$ip" != "$known" ]; then
                do_here "$pod moved from $known" CLUSTER MEET "$ip" "$REDIS_PORT"
            fi
        done
}

# Only a node that knows nobody and holds nothing, and only a cluster that holds every slot: making
# a cluster, or mending one that lost slots, is the bootstrap's and people's business.
join() {
    [ "$(echo "$table" | wc -l)" = 1 ] && [ "$slots" = - ] || return
    [ "$(redis "$POD_IP" DBSIZE)" = 0 ] || return
    for pod in $(pods); do
        [ "$pod" != "$POD_NAME" ] || continue
        ip=$(address "$pod") || continue
        if [ "$(redis "$ip" CLUSTER INFO | value cluster_slots_assigned)" = 16384 ]; then
            do_here "joining $pod's cluster" CLUSTER MEET "$ip" "$REDIS_PORT"
            return
        fi
    done
}

# Redis itself refuses this to a node that holds keys or slots.
follow() {
    [ "$slots" = - ] || return
    leader=$(echo "$table" | awk -v pod="$partner" \
        '$2 == pod && $4 ~ /master/ && $4 !~ /fail/ && $6 == "connected" && $7 != "-" { print $1 }')
    if [ -n "$leader" ] && [ "$leader" != "$following" ]; then
        do_here "$partner holds this pod's shard" CLUSTER REPLICATE "$leader"
    fi
}

# Redis learns a master's new IP from a third node's gossip without turning its own copying there
# (https://github.com/redis/redis/pull/13572); told once more whom to follow, it does.
follow_moved() {
    now=$(echo "$table" | awk -v id="$following" \
        '$1 == id && $4 !~ /fail|handshake|noaddr/ && $6 == "connected" { print $3 }')
    [ -n "$now" ] || return
    state=$(redis "$POD_IP" INFO replication) || return
    copied=$(echo "$state" | value master_host)
    if [ "$(echo "$state" | value master_link_status)" = down ] && [ "$copied" != "$now" ]; then
        do_here "its master moved from $copied to $now" CLUSTER REPLICATE "$following"
    fi
}

# One pod at a time: the first in the order of zones, among those there, that is not master.
take_back() {
    [ "$master" = "$POD_NAME" ] && [ "$slots" = - ] && [ "$following" != - ] || return
    first=$(awk '{ print $3 }' "$REDIS_CONFIGURATION/topology" | while read -r pod; do
        echo "$table" | awk -v pod="$pod" \
            '$2 == pod && $4 ~ /slave/ && $4 !~ /fail/ && $6 == "connected" { print pod }'
    done | head -n 1)
    [ "$first" = "$POD_NAME" ] || return
    state=$(printf 'INFO\nCLUSTER INFO\n' | redis "$POD_IP") || return
    [ "$(echo "$state" | value master_link_status)" = up ] || return
    [ "$(echo "$state" | value cluster_state)" = ok ] || return
    [ "$(echo "$state" | value uptime_in_seconds)" -ge "${STEADY_SECONDS:-60}" ] || return
    do_here "taking its shard back from $partner" CLUSTER FAILOVER
}

# Connections that are open stay open: Redis asks for a password only when one begins.
take_passwords() {
    has_passwords && take_accepted n8n password && take_accepted cluster cluster-password || return
    if ! masterauth_agrees; then
        log "logs in to its master with the present password: $(administer -x CONFIG SET masterauth \
            <"$REDIS_PASSWORDS/cluster-password")"
    fi
}

# take_accepted USER KEY: fails if Redis does not answer. No password is logged, and no hash of one.
take_accepted() {
    now=$(in_force "$1")
    [ -n "$now" ] || return
    wanted=$(accepted "$2")
    if [ "$now" != "$wanted" ]; then
        log "$1 may log in with $(echo "$wanted" | wc -l) passwords:" \
            "$(echo "$wanted" | awk -v user="$1" '
                BEGIN { printf "ACL SETUSER %s resetpass", user }
                { printf " #%s", $0 }
                END { print "" }' | administer)"
    fi
}

look() {
    # First: whatever else there is to do needs a password that this node accepts.
    take_passwords
    table=$(redis "$POD_IP" CLUSTER NODES | nodes)
    [ -n "$table" ] || return
    read -r following slots <<EOF_MYSELF
$(echo "$table" | awk '$4 ~ /myself/ { print $5, $7 }')
EOF_MYSELF
    forget_lost_selves
    meet_moved
    join
    follow
    follow_moved
    take_back
}

# As process 1 a shell ignores the signal that ends a pod, unless it says otherwise.
trap 'exit 0' TERM INT
while :; do
    look
    sleep "${KEEPER_SECONDS:-5}" &
    wait $!
done
