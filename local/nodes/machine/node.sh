#!/bin/sh
# First process of a node: makes its own view of the file system and the network, then keeps the
# node's programs running. Everything it made ends with it, as with a machine that loses its power.
#
# Arguments: folder of the node, its address with prefix, address of this machine on the bridge,
# then a network and its gateway for the pods of each other node.
set -eu

folder=$1
address=$2
host=$3
shift 3

# A shell's usual limit of open files, 1024, is too low for n8n; containers inherit the node's.
ulimit -n "$(ulimit -Hn)"

# Containers may share mounts with the node, the node none with this machine.
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/node
mount --bind "$folder" /run/node

# The programs write below these folders of this machine: into memory, which ends with the node,
# except for what should last, further below.
for path in /var/lib /var/log; do
    mkdir -p "/run/written$path" "/run/work$path"
    mount -t overlay -o "lowerdir=$path,upperdir=/run/written$path,workdir=/run/work$path" node "$path"
done
# Name servers that the node reaches; this machine's own may listen on its loopback only.
resolver=$(readlink -m /etc/resolv.conf)
mkdir -p "$(dirname "$resolver")"
[ -e "$resolver" ] || : >"$resolver"
mount --bind /run/node/resolv.conf "$resolver"

for path in /var/lib/containerd /var/lib/kubelet /var/lib/local-path /var/log/pods; do
    mkdir -p "$path" "/run/node/data$path"
    mount --bind "/run/node/data$path" "$path"
done

until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip link set lo up
ip address add "$address" dev eth0
ip link set eth0 up
ip route add default via "$host"
while [ $# -gt 0 ]; do
    ip route add "$1" via "$2"
    shift 2
done
echo 1 >/proc/sys/net/ipv4/ip_forward

# What a service manager does: a program that ended is started again.
keep() {
    name=$1
    shift
    while :; do
        "$@" >>"/run/node/logs/$name.log" 2>&1 || true
        echo "$name ended and is started again" >>"/run/node/logs/$name.log"
        sleep 1
    done
}

keep containerd containerd --config /run/node/containerd.toml &
keep kubelet kubelet --config /run/node/kubelet.yaml --kubeconfig /run/node/kubelet.kubeconfig \
    --hostname-override "$(hostname)" --node-ip "${address%/*}" --cert-dir /run/kubelet-pki &
keep kube-proxy kube-proxy --config /run/node/kube-proxy.yaml &
keep kube-router kube-router --kubeconfig /run/node/kube-router.kubeconfig \
    --hostname-override "$(hostname)" --run-firewall=true --run-router=false \
    --run-service-proxy=false --service-cluster-ip-range "$SERVICE_NETWORK" &

# As the first process it is also the parent of whatever lost its own.
wait
