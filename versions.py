"""Every third-party image that the platform runs, pinned, and where the pin was checked.

A reference is `registry/repository:tag`, optionally followed by `@sha256:…`. The tags were read on
2026-11-22 from public repositories that run them, not from the registries, which the machine this
was written on cannot reach: so there are no digests here. A stack that sets
`image: …:tag@sha256:…` gets exactly that digest.

Charts and the embedded environment's own tools are pinned elsewhere: the latter in
`local/toolchain/pins.py`.
"""

from typing import Final

N8N: Final = "docker.io/n8nio/n8n:2.43.3"
"""n8n itself. 2.43.3 is the oldest 2.43 release without a known unauthenticated flaw."""

N8N_RUNNERS: Final = "docker.io/n8nio/runners:2.43.3"
"""n8n's external task runners. Published with every n8n release; the versions must be equal."""

REDIS: Final = "docker.io/library/redis:8.2.9-bookworm"
"""Redis. 8.2.2 is the oldest 8.2 release without CVE-2025-49844."""

POSTGRES: Final = "docker.io/library/postgres:17.11-bookworm"
"""PostgreSQL, for stacks whose database runs in the cluster."""

PORTKEY: Final = "docker.io/portkeyai/gateway:1.15.2"
"""Portkey's open-source AI gateway, for stacks that have one beside their workers. The newest
release on npm too, from which its stand-in is made."""

POSTGRES_EXPORTER: Final = "quay.io/prometheuscommunity/postgres-exporter:v0.19.1"
"""What PostgreSQL says of itself, as metrics. Read on 2026-11-24 in public repositories that run
it."""

REDIS_EXPORTER: Final = "docker.io/oliver006/redis_exporter:v1.89.0"
"""What a node of Redis says of itself, as metrics. Read on 2026-11-24 in public repositories that
run it."""

BLACKBOX_EXPORTER: Final = "quay.io/prometheus/blackbox-exporter:v0.29.1"
"""What asks the platform from outside, as its clients do. The newest release of 2026-11-30, as its
Go module's page and the chart prometheus-blackbox-exporter 11.20.1 say."""

AWS_CLI: Final = "public.ecr.aws/aws-cli/aws-cli:2.37.9"
"""The AWS CLI, for stacks in AWS, which copy n8n's own backup to S3. Read on 2026-11-30 in public
repositories that run it. Pods' identities need 2.15.0 or newer.
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html"""

N8N_MINIMUM_VERSIONS: Final = ("2.42.6", "2.43.3", "3.0.1")
"""Oldest n8n release without a known remote flaw, one per release line still offered.

Source: n8n's security advisories as of autumn 2026. A stack can raise them by setting.
"""

EXTERNAL_SECRETS_CHART: Final = "2.7.0"
"""Chart of the External Secrets operator, of https://charts.external-secrets.io: the oldest whose
Pulumi provider takes OIDC, as its documentation says. Its values were checked against the schema of
chart 1.3.1, the newest that the machine this was written on can reach."""

KUBE_PROMETHEUS_STACK_CHART: Final = "81.4.5"
"""Chart of Prometheus, Alertmanager and Grafana, of
https://prometheus-community.github.io/helm-charts: the newest whose Chart.yaml the machine this was
written on can read, with version 0.88.0 of the operator. Its values were checked against the newest
values.yaml that it can read, of an autumn 2025 release; nothing here has rendered the chart."""

ENVOY_GATEWAY: Final = "docker.io/envoyproxy/gateway:v1.9.1"
"""Envoy Gateway, for stacks that install it: the release that the embedded environment runs. Its
Envoys are those that it names itself."""

ENVOY_GATEWAY_CHART: Final = "v1.9.1"
"""Its chart, of oci://docker.io/envoyproxy/gateway-helm: the same release, whose Go module has its
values and templates: there they were read, and rendered with what components/envoy_gateway says."""
