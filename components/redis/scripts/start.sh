#!/bin/sh
# Start a Redis node: write to memory what is secret or differs between pods, then become Redis.
#
# Beside lib.sh's environment:
#   POD_NAME, POD_IP  this pod
#   REDIS_RUN         directory in memory
set -eu
umask 077
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$REDIS_CONFIGURATION/lib.sh"
# shellcheck source-path=SCRIPTDIR source=users.sh
. "$REDIS_CONFIGURATION/users.sh"

if ! has_passwords; then
    log "no password, or no cluster-password, in the Secret of Redis's passwords: write both"
    exit 1
fi

# acl_hashes KEY: the passwords of one user as an ACL has them.
acl_hashes() {
    accepted "$1" | sed 's/^/#/' | paste -s -d ' ' -
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
#
# `keeper` changes passwords while Redis runs (keeper.sh). It could give itself every right, so its
# own password is made here, for this run of this node, and leaves neither the memory nor the pod.
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
keeper_commands='+acl|getuser +acl|setuser +config|get +config|set'
head -c 32 /dev/urandom | sha256sum | cut -c 1-64 | tr -d '\n' >"$REDIS_RUN/keeper-password"
cat >"$REDIS_RUN/users.acl" <<EOF_ACL
user default reset off ~* &* +@all
user n8n reset on $(acl_hashes password) $n8n_keys $n8n_channels $n8n_commands
user cluster reset on $(acl_hashes cluster-password) $cluster_commands
user keeper reset on #$(hash_of "$REDIS_RUN/keeper-password") $keeper_commands
EOF_ACL

# >>> watched
# `exporter` is the exporter beside this node (exporter.py). What is here is all that metrics need
# and shows nothing of jobs; it asks for more and does without. Not given: CONFIG GET, which shows
# the nodes' password, and SLOWLOG GET, which shows what commands were given.
#
# Its password is made here too, once for the pod and not for each run of Redis: the exporter reads it
# when it starts and lives on when Redis starts again. REDIS_EXPORTER is the directory in memory that
# the two share.
exporter_commands='+info +cluster|info +slowlog|len +latency|latest'
if [ ! -s "$REDIS_EXPORTER/password" ]; then
    head -c 32 /dev/urandom | sha256sum | cut -c 1-64 | tr -d '\n' >"$REDIS_EXPORTER/password"
fi
echo "user exporter reset on #$(hash_of "$REDIS_EXPORTER/password") $exporter_commands" \
    >>"$REDIS_RUN/users.acl"
# As the exporter wants it: a map whose keys are addresses, with the user since its pull request 983
# and without it before. Whole at once, lest it reads a half.
scheme=redis${REDIS_CA:+s}
server=$POD_NAME.$REDIS_DOMAIN:$REDIS_PORT
exporter_password=$(cat "$REDIS_EXPORTER/password")
printf '{"%s": "%s", "%s": "%s"}\n' \
    "$scheme://exporter@$server" "$exporter_password" "$scheme://$server" "$exporter_password" \
    >"$REDIS_EXPORTER/new"
mv "$REDIS_EXPORTER/new" "$REDIS_EXPORTER/passwords.json"
# <<< watched

# Byte for byte in hexadecimal: the password may hold any character.
quoted=$(od -A n -v -t x1 <"$REDIS_PASSWORDS/cluster-password" | tr -d '\n' | sed 's/ /\\x/g')

cat >"$REDIS_RUN/redis.conf" <<EOF_CONF
include $REDIS_CONFIGURATION/redis.conf
bind $POD_IP
cluster-announce-ip $POD_IP
cluster-announce-hostname $POD_NAME.$REDIS_DOMAIN
masteruser cluster
masterauth "$quoted"
EOF_CONF

exec redis-server "$REDIS_RUN/redis.conf"
