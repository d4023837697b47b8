"""The Kubernetes control plane of this machine: etcd, API server, controllers, scheduler."""
