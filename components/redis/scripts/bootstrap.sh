#!/bin/sh
# Make one cluster of six empty nodes, or find that there is one already. Safe to repeat and to
# interrupt: every step looks first whether it is done.
#
# It only ever gives slots to nodes that hold no key. Replicas find their masters by themselves
# (keeper.sh), as do nodes that come back empty.
#
# Exit codes: 0 the cluster is whole; 1 not yet, try again; 3 refused, nothing was changed.
# Beside lib.sh's environment: BOOTSTRAP_SECONDS to wait for nodes and for the whole, 150.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$REDIS_CONFIGURATION/lib.sh"

deadline=$(($(date +%s) + ${BOOTSTRAP_SECONDS:-150}))

# wait_for WHAT: until the function WHAT succeeds; it says what is missing in $missing.
wait_for() {
    said=
    until "$1"; do
        if [ "$missing" != "$said" ]; then
            log "waiting: $missing"
            said=$missing
        fi
        if [ "$(date +%s)" -ge "$deadline" ]; then
            log "gave up waiting: $missing"
            exit 1
        fi
        sleep 1
    done
}

# survey: what every node says of itself, in $survey:
#   pod  ip  id  slots  keys  assigned-slots  ids-it-knows
survey() {
    survey=
    for pod in $(pods); do
        missing="$pod has no address"
        ip=$(address "$pod") || return 1
        missing="$pod does not answer at $ip"
        answer=$(printf 'CLUSTER NODES\nCLUSTER INFO\nDBSIZE\n' | redis "$ip") || return 1
        keys=$(echo "$answer" | tail -n 1)
        missing="$pod answers: $keys"
        [ "$keys" -ge 0 ] 2>/dev/null || return 1
        table=$(echo "$answer" | nodes)
        survey="$survey$pod $ip $(echo "$table" | awk '$4 ~ /myself/ { print $1, $7 }') $keys \
$(echo "$answer" | value cluster_slots_assigned) $(echo "$table" | acquaintances)
"
    done
    survey=${survey%?}
}

# acquaintances: the IDs of the nodes in a table, separated by commas. A node that is just being met
# has a made-up ID until it answers.
acquaintances() {
    awk '$4 !~ /handshake/ { print $1 }' | paste -s -d ,
}

# exists: some node knows an owner of every slot.
exists() {
    echo "$survey" | awk '$6 == 16384 { found = 1 } END { exit !found }'
}

# obstacles: why no cluster may be made of these nodes, one reason a line.
obstacles() {
    echo "$survey" | awk '
        NR == FNR { range[$3] = $1 "-" $2; next }
        { id[$3] = $1; known[$1] = $7 }
        $5 > 0 { print $1 " holds " $5 " keys" }
        $4 != "-" && $4 != range[$1] { print $1 " holds slots " $4 }
        END {
            for (pod in known) {
                count = split(known[pod], other, ",")
                for (i = 1; i <= count; i++)
                    if (!(other[i] in id)) print pod " knows node " other[i] ", which is not here"
            }
        }' "$REDIS_CONFIGURATION/topology" -
}

create() {
    epoch=0
    while read -r first last master _; do
        epoch=$((epoch + 1))
        echo "$survey" | awk -v pod="$master" '$1 == pod' | {
            read -r _ ip _ slots _
            if [ "$slots" = - ]; then
                # Different from the start, so that the masters need not settle it. Refused by a
                # node that knows others already; the masters then do settle it.
                redis "$ip" CLUSTER SET-CONFIG-EPOCH "$epoch" >/dev/null
                log "$master: slots $first to $last:" \
                    "$(redis "$ip" CLUSTER ADDSLOTSRANGE "$first" "$last")"
            fi
        }
    done <"$REDIS_CONFIGURATION/topology"
    ours=$(echo "$survey" | awk 'NR == 1 { print $2 }')
    echo "$survey" | awk 'NR > 1 { print $1, $2 }' | while read -r pod ip; do
        log "$pod: meet: $(redis "$ours" CLUSTER MEET "$ip" "$REDIS_PORT")"
    done
}

# whole: every node knows six and agrees that all is well, and in each shard one of the two pods
# holds the slots and the other, which is in another zone, has a copy.
whole() {
    for pod in $(pods); do
        missing="$pod has no address"
        ip=$(address "$pod") || return 1
        missing="$pod does not answer at $ip"
        answer=$(printf 'CLUSTER NODES\nCLUSTER INFO\nINFO\n' | redis "$ip") || return 1
        missing="$pod has not copied everything from its master"
        [ "$(echo "$answer" | value master_link_status)" != down ] || return 1
        missing="$pod: $(echo "$answer" | tr -d '\r' |
            grep -E '^cluster_(state|slots_assigned|slots_ok|known_nodes):' | paste -s -d ' ')"
        case $missing in
            *cluster_state:ok\ cluster_slots_assigned:16384\ cluster_slots_ok:16384\ cluster_known_nodes:6) ;;
            *) return 1 ;;
        esac
        missing=$(echo "$answer" | nodes | awk -v viewer="$pod" '
            NR == FNR { range[++shards] = $1 "-" $2; one[shards] = $3; other[shards] = $4; next }
            { id[$2] = $1; slots[$2] = $7; following[$2] = $5 }
            END {
                for (i = 1; i <= shards; i++) {
                    holder = slots[one[i]] == range[i] ? one[i] : other[i]
                    follower = holder == one[i] ? other[i] : one[i]
                    if (slots[holder] != range[i])
                        print viewer ": neither " one[i] " nor " other[i] " holds " range[i]
                    else if (following[follower] != id[holder])
                        print viewer ": " follower " does not follow " holder
                }
            }' "$REDIS_CONFIGURATION/topology" - | head -n 1)
        [ -z "$missing" ] || return 1
    done
}

wait_for survey
if exists; then
    log "there is a cluster already"
else
    reasons=$(obstacles)
    if [ -n "$reasons" ]; then
        log "refused, and nothing was changed: slots are without an owner, and making a new cluster" \
            "would lose what is there:"
        echo "$reasons"
        log "bring back the lost nodes' volumes; or give up their data: delete the" \
            "PersistentVolumeClaims and pods of all six nodes, then run this again"
        exit 3
    fi
    create
fi
wait_for whole
log "the cluster is whole:"
echo "$survey" | awk '{ print "  " $1, $2, $3 }'
