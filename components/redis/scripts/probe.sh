#!/bin/sh
# Answer a probe of the kubelet: `probe.sh alive` or `probe.sh ready`.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$REDIS_CONFIGURATION/lib.sh"

# Redis answers. Busy reading its file or running a script, it is slow but not dead.
alive() {
    answer=$(redis "$POD_IP" PING)
    case $answer in
        *PONG* | *LOADING* | *BUSY* | *MASTERDOWN*) return 0 ;;
    esac
    echo "$answer"
    return 1
}

# A replica follows its master; a master sees most of the others. A node that knows nobody yet is
# ready too: the bootstrap, which makes it part of a cluster, waits for it.
ready() {
    answer=$(printf 'INFO\nCLUSTER INFO\n' | redis "$POD_IP") || {
        echo "$answer"
        return 1
    }
    if [ "$(echo "$answer" | value cluster_known_nodes)" = 1 ]; then
        return 0
    fi
    if [ "$(echo "$answer" | value role)" = slave ]; then
        echo "$answer" | grep '^master_link_status:'
        [ "$(echo "$answer" | value master_link_status)" = up ]
    else
        echo "$answer" | grep '^cluster_state:'
        [ "$(echo "$answer" | value cluster_state)" = ok ]
    fi
}

case $1 in
    alive) alive ;;
    ready) ready ;;
esac
