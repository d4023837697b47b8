#!/bin/sh
# Start a Redis node: write to memory what is secret or differs between pods, then become Redis.
#
# Beside lib.sh's environment:
#   POD_NAME, POD_IP    this pod
#   REDIS_RUN           directory in memory
#   REDIS_N8N_PASSWORD  password of the user `n8n`
set -eu
umask 077
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$REDIS_CONFIGURATION/lib.sh"

hash_of() {
    printf '%s' "$1" | sha256sum | cut -d ' ' -f 1
}

# Nobody is `default`, which is off. It may do everything all the same: as `default` Redis reads its
# append-only file when it starts, and leaves out whatever that user may not do within a transaction,
# which is all that Bull's scripts have written.
#
# `n8n` has what Bull and n8n use (read at 4.16 and 2.40): data, Lua, publish and subscribe, on their
# own keys and channels. INFO is how Bull finds the version, the CLUSTER commands are how its client
# finds the nodes. @dangerous takes away KEYS, FLUSHALL and the like again; what is left of looking
# for other keys, or of changing functions for everybody, is taken away by name. What is given to
# PSUBSCRIBE must stand here letter by letter: hence a pattern for each of Bull's events.
#
# `cluster` is the nodes themselves (replication), their keepers and the bootstrap. It cannot read
# or write a key, and has no command that gives up slots or data.
n8n_keys='~{bull}:* ~n8n:* ~{n8n*'
n8n_channels='&n8n:* &{bull}:jobs:*'
for event in active waiting stalled duplicated debounced; do
    n8n_channels="$n8n_channels &{bull}:jobs:$event*"
done
n8n_commands='+@read +@write +@pubsub +@transaction +@connection +eval +evalsha +script|load'
n8n_commands="$n8n_commands +script|exists -@dangerous -function -scan -randomkey +info"
n8n_commands="$n8n_commands +cluster|slots +cluster|shards +cluster|nodes +cluster|info +cluster|keyslot"
cluster_commands='+ping +info +dbsize +command|docs +psync +replconf +cluster|info +cluster|nodes'
cluster_commands="$cluster_commands +cluster|meet +cluster|forget +cluster|replicate"
cluster_commands="$cluster_commands +cluster|failover +cluster|addslotsrange +cluster|set-config-epoch"
cat >"$REDIS_RUN/users.acl" <<EOF_ACL
user default reset off ~* &* +@all
user n8n reset on #$(hash_of "$REDIS_N8N_PASSWORD") $n8n_keys $n8n_channels $n8n_commands
user cluster reset on #$(hash_of "$REDISCLI_AUTH") $cluster_commands
EOF_ACL

# Quoted as redis.conf wants it: the password may hold any character.
quoted=$(printf '%s' "$REDISCLI_AUTH" | sed 's/[\\"]/\\&/g')

cat >"$REDIS_RUN/redis.conf" <<EOF_CONF
include $REDIS_CONFIGURATION/redis.conf
bind $POD_IP
cluster-announce-ip $POD_IP
cluster-announce-hostname $POD_NAME.$REDIS_DOMAIN
masteruser cluster
masterauth "$quoted"
EOF_CONF

unset REDIS_N8N_PASSWORD REDISCLI_AUTH quoted
exec redis-server "$REDIS_RUN/redis.conf"
