"""The platform on one page: settings in, components wired, outputs out."""

import pulumi
import pulumi_kubernetes as kubernetes

import settings
from components import governance
from components.connections import external_database
from components.envoy_gateway.controller import EnvoyGateway
from components.jobs.backup import Backup
from components.jobs.data_subjects import DataSubjectJobs
from components.monitoring.platform import PlatformMonitoring
from components.monitoring.stack import KubePrometheusStack
from components.n8n.credentials import Credentials
from components.n8n.environment import Environment
from components.n8n.main import Main
from components.n8n.webhook import Webhook
from components.n8n.worker import Worker
from components.named_egress import NamedEgress
from components.namespace import IsolatedNamespace
from components.postgres import Postgres
from components.redis import RedisCluster
from components.routing import Routing
from components.secrets import PlatformSecrets
from components.secrets.integrations import fills_credentials
from components.secrets.operator import ExternalSecretsOperator
from settings.sizing import default_quota

stack = settings.load()

if stack.aws:
    # Imported where it is used: it takes seconds.
    from components.aws.region import Region

    region = Region("region", settings=stack, environment=stack.aws)
else:
    region = None

cluster = kubernetes.Provider(
    "cluster",
    kubeconfig=region.cluster.kubeconfig if region else None,
    context=stack.platform.context or None,
    namespace=stack.platform.namespace,
    # Pods refer to them by fixed names: replacing one would leave a gap in which no pod can start.
    enable_config_map_mutable=True,
    enable_secret_mutable=True,
    # A cluster without nodes runs nothing.
    opts=pulumi.ResourceOptions(depends_on=[region.cluster] if region else None),
)


def after(*resources: pulumi.Resource | None) -> pulumi.ResourceOptions:
    """On the cluster, once these are there; None is what a stack does not have."""
    return pulumi.ResourceOptions(provider=cluster, depends_on=[each for each in resources if each])


if region:
    region.create_volumes(after())

namespace = IsolatedNamespace(
    "namespace",
    namespace=stack.platform.namespace,
    quota=stack.platform.quota or default_quota(stack),
    settings=stack,
    annotations=governance.integrations(stack.integrations.selection),
    opts=after(),
)

operator = (
    ExternalSecretsOperator("external-secrets", settings=stack, opts=after())
    if stack.secrets.source == "esc" and stack.esc.operator == "install"
    else None
)
secrets = PlatformSecrets("secrets", settings=stack, opts=after(namespace, operator))
prometheus = (
    # Grafana's password may come from ESC, too.
    KubePrometheusStack("kube-prometheus-stack", settings=stack, opts=after(namespace, operator))
    if stack.monitoring.stack == "install"
    else None
)
with_secrets = after(namespace, secrets)

redis = RedisCluster("redis", settings=stack, secrets=secrets, opts=with_secrets)
postgres = (
    Postgres("postgres", settings=stack, secrets=secrets, opts=with_secrets)
    if stack.database.mode == "in-cluster"
    else None
)
if postgres:
    database = postgres.connection
elif region and region.database:
    database = region.database.connection(secrets.database_password, secrets.database_authority)
else:
    database = external_database(
        stack.database, secrets.database_password, secrets.database_authority
    )
# n8n exits when it starts without them: they come first.
after_stores = after(redis, postgres)

credentials = (
    Credentials("credentials", settings=stack, opts=with_secrets)
    if fills_credentials(stack)
    else None
)
environment = Environment(
    settings=stack,
    database=database,
    redis=redis.connection,
    secrets=secrets,
    credentials=credentials,
)
main = Main("main", settings=stack, environment=environment, opts=after_stores)
webhook = Webhook("webhook", settings=stack, environment=environment, opts=after_stores)
worker = Worker("worker", settings=stack, environment=environment, opts=after_stores)

# In a standby, too: their volumes are there whichever role the environment has.
if stack.data_subjects.enabled:
    DataSubjectJobs("data-subjects", settings=stack, database=database, opts=after_stores)
if stack.backup.enabled:
    Backup(
        "backup",
        settings=stack,
        database=database,
        secrets=secrets,
        bucket=region.backup_bucket if region else None,
        opts=after_stores,
    )

if stack.platform.egress == "names":
    NamedEgress("egress", settings=stack, opts=after(namespace))
if stack.routing.enabled:
    gateway = (
        # The chart gives its controller rights in the platform's namespace.
        EnvoyGateway("envoy-gateway", settings=stack, opts=after(namespace))
        if stack.routing.controller == "install"
        else None
    )
    Routing("routing", settings=stack, main=main, webhook=webhook, opts=after(namespace, gateway))

if stack.monitoring.enabled:
    PlatformMonitoring(
        "monitoring",
        settings=stack,
        # Its kinds come with Prometheus's operator, and whom it tells is told with a secret.
        opts=after(secrets, prometheus),
    )

pulumi.export("namespace", namespace.name)
pulumi.export("editorUrl", stack.n8n.editor_url)
pulumi.export("webhookUrl", stack.n8n.webhook_url)
for name, value in region.outputs.items() if region else ():
    pulumi.export(name, value)
