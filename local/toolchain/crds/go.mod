// The operators whose custom resource definitions the embedded control plane has.
// Nothing is compiled: go.sum holds just the checksums of these five modules.
module n8n-platform/local/toolchain/crds

go 1.26.0

require (
	github.com/envoyproxy/gateway v1.9.1
	github.com/external-secrets/external-secrets v1.3.2
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.6.3
)
