// CoreDNS with the plugins that a cluster's DNS needs and no others: a quarter of the code to build.
package main

import (
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
)

func init() {
	// The order in which a query passes through them, as in CoreDNS's own plugin.cfg.
	dnsserver.Directives = []string{
		"health", "ready", "prometheus", "errors", "log", "loadbalance", "cache", "kubernetes", "forward",
	}
}

func main() {
	coremain.Run()
}
