"""Real nodes on one machine: namespaces, a bridge, and the processes of three kubelets."""
