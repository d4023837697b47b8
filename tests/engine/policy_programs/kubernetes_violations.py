"""For each condition on Kubernetes, what is wrong in the unsound program."""

from tests.engine.policy_programs.kubernetes import CLUSTER_STORE, LOKI, PUSHED_SECRET, routing
from tests.engine.policy_programs.violation import REMOVED, Violation
from tests.engine.policy_programs.workloads import pinned

_POD = "spec.template.spec"
_POD_LABELS = "spec.template.metadata.labels"
_APP = f"{_POD}.containers[app]"
_CONTEXT = f"{_APP}.securityContext"
_INIT = f"{_POD}.initContainers"
_RULES = "spec.groups[app].rules"
_BLOCKS = "spec.egress[0].to"


def _env(container: str, variable: str) -> str:
    return f"{_POD}.containers[{container}].env[{variable}].value"


_PODS = (
    Violation("no-privilege-escalation", "app", f"{_CONTEXT}.allowPrivilegeEscalation", True),
    Violation("runs-as-non-root", "app", f"{_CONTEXT}.runAsNonRoot", False),
    Violation("capabilities-are-dropped", "app", f"{_CONTEXT}.capabilities.drop", []),
    Violation("seccomp-profile-is-set", "app", f"{_CONTEXT}.seccompProfile.type", "Unconfined"),
    Violation("root-file-system-is-read-only", "app", f"{_CONTEXT}.readOnlyRootFilesystem", False),
    Violation("no-privileged-containers", "app", f"{_CONTEXT}.privileged", True),
    Violation("no-host-namespaces", "app", f"{_POD}.hostPID", True),
    Violation("no-host-path-volumes", "app", f"{_POD}.volumes[node].hostPath", {"path": "/var"}),
    Violation("no-host-ports", "app", f"{_APP}.ports[http].hostPort", 8080),
    Violation("kernel-protections-are-kept", "app", f"{_CONTEXT}.seLinuxOptions.type", "spc_t"),
    Violation("probes-stay-in-the-pod", "app", f"{_APP}.livenessProbe.httpGet.host", "example.com"),
    Violation("images-are-pinned", "app", f"{_APP}.image", "ghcr.io/example/app:1.2.3"),
    Violation(
        "images-come-from-allowed-registries",
        "app",
        f"{_INIT}[prepare].image",
        pinned("registry.example.com/app:1.2.3"),
    ),
    Violation(
        "images-name-a-version",
        "app",
        f"{_INIT}[warm-up].image",
        pinned("ghcr.io/example/app:latest"),
    ),
    Violation(
        "n8n-has-no-known-flaw",
        "n8n",
        f"{_POD}.containers[n8n].image",
        pinned("docker.io/n8nio/n8n:2.42.0"),
    ),
    Violation(
        "no-literal-secret-in-environment", "app", _env("app", "API_TOKEN"), "hunter2hunter2"
    ),
    Violation(
        "no-literal-secret-in-arguments", "app", f"{_APP}.args[0]", "--password=hunter2hunter2"
    ),
    Violation("no-literal-secret-in-config-maps", "settings", "data.DB_PASSWORD", "hunter2hunter2"),
    Violation(
        "no-literal-secret-in-annotations",
        "settings",
        "metadata.annotations.example.com/docs",
        "https://admin:hunter2hunter2@example.com",
    ),
    Violation(
        "secrets-are-filled-from-outside",
        "credentials",
        "stringData.password",
        "hunter2hunter2",
        "stringData",
    ),
    Violation("pods-have-their-own-identity", "n8n", f"{_POD}.serviceAccountName", "default"),
    Violation(
        "service-accounts-offer-no-token", "app-account", "automountServiceAccountToken", True
    ),
    Violation("pods-mount-no-token", "app", f"{_POD}.automountServiceAccountToken", True),
    Violation(
        "containers-have-requests-and-limits", "app", f"{_APP}.resources.limits.memory", REMOVED
    ),
    Violation(
        "certificate-checks-stay-on", "app", _env("app", "NODE_TLS_REJECT_UNAUTHORIZED"), "0"
    ),
    Violation(
        "data-store-addresses-ask-for-tls",
        "app",
        _env("app", "DATABASE_URL"),
        "postgres://store.default/app",
    ),
    Violation(
        "pods-and-volumes-stay-in-allowed-regions",
        "app",
        f"{_POD}.nodeSelector.topology.kubernetes.io/region",
        "us-east-1",
    ),
    Violation("programs-use-allowed-regions", "app", _env("app", "AWS_REGION"), "us-east-1"),
    Violation(
        "language-models-are-in-allowed-regions",
        "app",
        _env("app", "OPENAI_BASE_URL"),
        "https://api.openai.com/v1",
    ),
    Violation("no-debug-logging", "app", _env("app", "LOG_LEVEL"), "debug"),
)

_N8N = (
    Violation("n8n-reaches-redis-with-tls", "n8n", _env("n8n", "QUEUE_BULL_REDIS_TLS"), "false"),
    Violation(
        "n8n-reaches-postgres-with-tls", "n8n", _env("n8n", "DB_POSTGRESDB_SSL_ENABLED"), "false"
    ),
    Violation("n8n-prunes-executions", "n8n", _env("n8n", "EXECUTIONS_DATA_PRUNE"), "false"),
    Violation(
        "n8n-prunes-workflow-history", "n8n", _env("n8n", "N8N_WORKFLOW_HISTORY_PRUNE_TIME"), "-1"
    ),
    Violation("n8n-sends-no-telemetry", "n8n", _env("n8n", "N8N_DIAGNOSTICS_ENABLED"), "true"),
    Violation("n8n-does-not-call-its-maker", "n8n", _env("n8n", "N8N_TEMPLATES_ENABLED"), "true"),
    Violation(
        "n8n-keeps-no-successful-executions",
        "n8n",
        _env("n8n", "EXECUTIONS_DATA_SAVE_ON_SUCCESS"),
        "all",
    ),
    Violation("n8n-logs-no-data", "n8n", _env("n8n", "N8N_LOG_LEVEL"), "debug"),
    Violation(
        "n8n-hides-its-environment", "n8n", _env("n8n", "N8N_BLOCK_ENV_ACCESS_IN_NODE"), "false"
    ),
    Violation(
        "n8n-installs-no-packages", "n8n", _env("n8n", "N8N_COMMUNITY_PACKAGES_ENABLED"), "true"
    ),
)

_SECRETS = (
    Violation(
        "copied-secrets-have-one-source", "copied-secret", "spec.target.creationPolicy", "Merge"
    ),
    Violation(
        "secrets-are-copied-from-stores-of-their-namespace",
        "copied-secret",
        "spec.secretStoreRef.kind",
        "ClusterSecretStore",
    ),
    Violation(
        "no-literal-secret-in-secret-templates",
        "copied-secret",
        "spec.target.template.data.password",
        "hunter2hunter2",
    ),
    Violation("secret-stores-belong-to-a-namespace", "cluster-store", "", CLUSTER_STORE, "kind"),
    Violation("clusters-push-no-secrets", "pushed-secret", "", PUSHED_SECRET, "kind"),
)

_RIGHTS_AND_CHANGES = (
    Violation("no-wildcard-permissions", "reader", "rules[0].resources[0]", "*"),
    Violation("no-privilege-granting-verbs", "reader", "rules[0].verbs[0]", "escalate"),
    Violation("secrets-are-read-by-name", "reader", "rules[1].resourceNames", REMOVED),
    Violation("no-running-commands-in-pods", "reader", "rules[2].resources[0]", "pods/exec"),
    Violation("no-binding-to-everybody", "readers", "subjects[0].name", "system:authenticated"),
    Violation("no-binding-to-cluster-admin", "administrators", "roleRef.name", "cluster-admin"),
    Violation(
        "recommended-labels-are-set", "app", "metadata.labels.app.kubernetes.io/version", REMOVED
    ),
    Violation(
        "resources-have-an-owner", "app", "metadata.labels.owner", REMOVED, "metadata.labels"
    ),
    Violation(
        "namespaces-name-their-change",
        "apps",
        "metadata.annotations.change",
        REMOVED,
        "metadata.labels",
    ),
    Violation("state-is-protected", "files", "options.protect", False),
    Violation(
        "no-ignored-security-changes",
        "app",
        "options.ignoreChanges",
        ["spec.template.spec.containers[0].image"],
        "options.ignoreChanges[0]",
    ),
)

_NETWORK = (
    Violation(
        "namespace-denies-by-default",
        "apps",
        "spec.policyTypes",
        ["Ingress"],
        "a NetworkPolicy in this namespace",
        of="apps-policy",
    ),
    Violation(
        "pods-are-isolated", "n8n", "spec.policyTypes", ["Ingress"], _POD_LABELS, of="n8n-policy"
    ),
    Violation(
        "namespace-enforces-restricted-pods",
        "apps",
        "metadata.labels.pod-security.kubernetes.io/enforce",
        "baseline",
    ),
    Violation(
        "no-egress-to-metadata-service",
        "app-policy",
        f"{_BLOCKS}[0].ipBlock.cidr",
        "169.254.0.0/16",
        f"{_BLOCKS}[0].ipBlock.except",
    ),
    Violation(
        "egress-names-its-processors",
        "app-policy",
        f"{_BLOCKS}[1].ipBlock.cidr",
        "8.8.8.0/24",
        f"{_BLOCKS}[1].ipBlock",
    ),
    Violation("no-data-port-open-to-all", "store-policy", "spec.ingress[0].from", REMOVED),
    Violation("no-data-service-outside-the-cluster", "store-service", "spec.type", "LoadBalancer"),
    Violation(
        "gateway-listeners-use-tls",
        "gateway",
        "spec.listeners[plain]",
        {"port": 80, "protocol": "HTTP"},
        "spec.listeners[plain].protocol",
    ),
    Violation("edge-refuses-tls-before-1-2", "edge", "spec.tls.minVersion", "1.0"),
    Violation("ingress-hosts-use-tls", "ingress", "spec.tls", []),
    Violation("redis-serves-tls-only", "redis", "data.redis.conf", "port 6379\ntls-port 6380\n"),
    Violation("postgres-serves-tls-only", "postgres", "data.postgresql.conf", "ssl = off\n"),
    Violation(
        "egress-goes-to-registered-processors", "processors", "spec.hosts[0]", "api.example.org"
    ),
    Violation(
        "chosen-integrations-are-registered",
        "apps",
        "metadata.annotations.n8n-platform/integrations",
        "docker-hub,anthropic",
    ),
    Violation("ai-gateways-are-not-published", "app-service", "spec.ports[0].targetPort", 8788),
    Violation(
        "ai-gateways-call-registered-processors",
        "routes",
        "data.routes.json",
        # Where prompts may be, and yet nobody has an agreement with it.
        routing("eu.api.openai.com"),
        "data.routes.json.targets[0].custom_host",
    ),
)

_AVAILABILITY = (
    Violation("workload-has-two-replicas", "n8n", "spec.replicas", 1),
    Violation("workload-spreads-over-zones", "store", f"{_POD}.topologySpreadConstraints", REMOVED),
    Violation(
        "workload-has-one-disruption-budget",
        "store",
        "spec.selector.matchLabels.app",
        "other",
        _POD_LABELS,
        of="store-budget",
    ),
    Violation("disruption-budget-can-be-met", "n8n-budget", "spec.maxUnavailable", 0),
    Violation("autoscaler-has-room", "app-scaler", "spec.maxReplicas", 2),
    Violation(
        "namespace-has-quota",
        "apps",
        "spec.hard",
        {},
        "a ResourceQuota in this namespace",
        of="apps-quota",
    ),
)

_ALERTS = (
    Violation(
        "alerts-say-how-bad-and-what-to-do",
        "alerts",
        f"{_RULES}[1].annotations.runbook_url",
        REMOVED,
    ),
    Violation(
        "required-alerts-exist",
        "stack",
        f"{_RULES}[0].alert",
        "Other",
        "spec.groups of a PrometheusRule",
        of="alerts",
    ),
    Violation(
        "data-subject-jobs-alert-on-failure",
        "export",
        f"{_RULES}[1].expr",
        "up == 0",
        "spec.groups[*].rules[*].expr",
        of="alerts",
    ),
    Violation(
        "breaches-are-noticed",
        "stack",
        f"{_RULES}[2].labels.gdpr",
        REMOVED,
        "spec.groups[*].rules[*].labels.gdpr",
        of="alerts",
    ),
    Violation(
        "old-keys-alert",
        "secret-store",
        f"{_RULES}[3].alert",
        "Other",
        "spec.groups of a PrometheusRule",
        of="alerts",
    ),
    Violation(
        "alertmanager-notifies-somebody",
        "receivers",
        "spec.receivers[team].webhookConfigs",
        REMOVED,
        "spec.receivers",
    ),
    Violation(
        "breaches-are-told",
        "stack",
        "spec.route.routes[0].matchers[0].value",
        "other",
        "spec.route.routes[*].matchers",
        of="receivers",
    ),
)

_PERSONAL_DATA = (
    Violation(
        "data-stores-are-classified", "files", "metadata.labels.data-classification", REMOVED
    ),
    Violation("data-stores-have-a-purpose", "files", "metadata.labels.data-purpose", REMOVED),
    Violation("data-stores-have-an-owner", "files", "metadata.labels.data-owner", REMOVED),
    Violation(
        "personal-data-has-a-lawful-basis", "store", "metadata.labels.data-lawful-basis", REMOVED
    ),
    Violation(
        "data-stores-have-a-retention", "store", "metadata.labels.data-retention-days", "4000"
    ),
    Violation("metrics-are-deleted-in-time", "prometheus", "spec.retention", "5y"),
    Violation(
        "logs-are-deleted-in-time",
        "loki",
        "data.loki.yaml",
        LOKI.replace("2160h", "1h"),
        "data.loki.yaml.limits_config.retention_period",
    ),
    Violation(
        "data-subjects-have-jobs",
        "stack",
        "metadata.labels.data-subject-rights",
        REMOVED,
        of="erasure",
    ),
    Violation("data-subject-jobs-run", "export", "spec.suspend", True),
    Violation("data-subject-jobs-reach-the-data", "export", "spec.egress", [], of="jobs-policy"),
    Violation(
        "outside-stores-are-in-allowed-regions",
        "secret-store",
        "spec.provider.aws.region",
        "us-east-1",
    ),
)

KUBERNETES_VIOLATIONS = (
    *(
        *_PODS,
        *_N8N,
        *_SECRETS,
        *_RIGHTS_AND_CHANGES,
        *_NETWORK,
        *_AVAILABILITY,
        *_ALERTS,
        *_PERSONAL_DATA,
    ),
)
