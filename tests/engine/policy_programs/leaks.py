"""A program with secrets in every place that a message about a violation could quote."""

import base64
import json
from typing import Any

from tests.engine.policy_programs.aws import identity_policy, policy
from tests.engine.policy_programs.running import Program, secret
from tests.engine.policy_programs.workloads import environment, kubernetes_object

_HOST_KEY = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"


class Leaks:
    """The program, and the secrets that are in it.

    Args:
        marked: whether Pulumi is told that they are secret.
    """

    def __init__(self, *, marked: bool) -> None:
        self._marked = marked
        self._count = 0
        self.program: Program = {**self._workloads(), **self._objects(), **self._aws()}

    def found_in(self, text: str) -> list[str]:
        """The secrets that a text has in it, plain or in base64."""
        secrets = [_secret(number) for number in range(1, self._count + 1)]
        return [each for each in secrets if each in text or _base64(each) in text]

    def _in(self, text: str = "{}") -> Any:
        """A new secret, in a text."""
        self._count += 1
        value = text.replace("{}", _secret(self._count))
        return secret(value) if self._marked else value

    def _workloads(self) -> dict[str, Any]:
        container = {
            "name": "app",
            "image": self._in("bot:{}@registry.example.com/app:latest"),
            "command": ["app", self._in("--token={}")],
            "args": ["--password", self._in()],
            "workingDir": self._in("/{}"),
            "env": [
                {"name": name, "value": self._in(value)}
                for name, value in {
                    "API_TOKEN": "{}",
                    "DATABASE_URL": "postgres://app:{}@store/app",
                    "REDIS_URL": "redis://:{}@store",
                    "AWS_REGION": "{}",
                    "LOG_LEVEL": "{}",
                    "NODE_TLS_REJECT_UNAUTHORIZED": "0{}",
                    "OPENAI_BASE_URL": "https://api.openai.com/{}",
                    "PGSSLMODE": "{}",
                }.items()
            ],
            "livenessProbe": {
                "exec": {"command": ["check", self._in("--password={}")]},
            },
            "readinessProbe": {"httpGet": {"port": 80, "host": self._in("{}.example.com")}},
        }
        n8n = {
            "name": "n8n",
            "image": self._in("docker.io/n8nio/n8n:{}"),
            "env": [
                *environment(EXECUTIONS_MODE="queue", QUEUE_BULL_REDIS_HOST="redis"),
                {"name": "N8N_ENCRYPTION_KEY", "value": self._in()},
                {"name": "N8N_LOG_LEVEL", "value": self._in()},
                {"name": "EXECUTIONS_DATA_PRUNE", "value": self._in()},
                {"name": "EXECUTIONS_DATA_MAX_AGE", "value": self._in()},
                {"name": "QUEUE_BULL_REDIS_TLS", "value": self._in()},
            ],
        }
        labels = {"app": "app"}
        return {
            "app": kubernetes_object(
                "apps/v1",
                "Deployment",
                "app",
                {"annotations": {"example.com/url": self._in("https://app:{}@example.com")}},
                spec={
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {
                            "labels": labels,
                            "annotations": {"example.com/key": self._in(_HOST_KEY)},
                        },
                        "spec": {
                            "serviceAccountName": "default",
                            "nodeSelector": {"topology.kubernetes.io/region": self._in()},
                            "volumes": [{"name": "node", "hostPath": {"path": self._in("/{}")}}],
                            "containers": [container, n8n],
                        },
                    },
                },
            ),
        }

    def _objects(self) -> dict[str, Any]:
        alertmanager = {
            "route": {"receiver": "{}"},
            "receivers": [{"name": "{}", "url": "https://hooks.slack.com/services/T11/B11/{}"}],
        }
        return {
            "settings": kubernetes_object(
                "core/v1",
                "ConfigMap",
                "settings",
                data={
                    "DB_PASSWORD": self._in(),
                    "redis.conf": self._in("port 6379\nrequirepass {}\n"),
                    "postgresql.conf": self._in("ssl = off\nssl_passphrase_command = '{}'\n"),
                    "pg_hba.conf": self._in("host all {} 10.0.0.0/8 md5\n"),
                    "alertmanager.yaml": self._in(json.dumps(alertmanager)),
                    "loki.yaml": self._in('{"schema_config": {}, "limits_config": "{}"}'),
                    "broken.yaml": self._in("schema_config: [\nlimits_config: {}"),
                },
            ),
            "credentials": kubernetes_object(
                "core/v1", "Secret", "credentials", stringData={"password": self._in()}
            ),
            "files": kubernetes_object(
                "core/v1",
                "PersistentVolumeClaim",
                "files",
                {
                    "labels": {
                        "data-classification": self._in(),
                        "data-retention-days": self._in(),
                    }
                },
                spec={
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            ),
            "reader": kubernetes_object(
                "rbac.authorization.k8s.io/v1",
                "Role",
                "reader",
                rules=[
                    {"apiGroups": [""], "resources": [self._in("{}/*")], "verbs": ["escalate"]},
                    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", self._in()]},
                ],
            ),
            "processors": kubernetes_object(
                "networking.istio.io/v1",
                "ServiceEntry",
                "processors",
                spec={"hosts": [self._in("{}.example.org")]},
            ),
            "alerts": kubernetes_object(
                "monitoring.coreos.com/v1",
                "PrometheusRule",
                "alerts",
                spec={
                    "groups": [
                        {"name": "app", "rules": [{"alert": "Down", "expr": self._in("x_{}")}]}
                    ]
                },
            ),
        }

    def _aws(self) -> dict[str, Any]:
        def aws(type_: str, **properties: Any) -> Any:
            return {"type": f"aws:{type_}", "properties": properties}

        return {
            "provider": {
                "type": "pulumi:providers:aws",
                "properties": {name: self._in() for name in ("accessKey", "secretKey", "region")},
            },
            "grants": aws(
                "iam/policy:Policy",
                policy=self._in(identity_policy(Sid="{}", Action="*", Resource="*")),
            ),
            "broken": aws("iam/policy:Policy", policy=self._in('{"Statement": "{}')),
            "role": aws(
                "iam/role:Role",
                assumeRolePolicy=self._in(policy(Effect="Allow", Principal="*", Sid="{}")),
                managedPolicyArns=[self._in("arn:aws:iam::aws:policy/AdministratorAccess{}")],
            ),
            "database": aws(
                "rds/instance:Instance",
                password=self._in(),
                engine=self._in(),
                kmsKeyId=self._in("alias/aws/{}"),
                tags={"data-classification": self._in(), "data-owner": self._in()},
            ),
            "topic": aws("sns/topic:Topic", region=self._in()),
            "listener": aws("lb/listener:Listener", protocol="HTTPS", sslPolicy=self._in()),
            "copied": aws("secretsmanager/secret:Secret", replicas=[{"region": self._in()}]),
        }


def _secret(number: int) -> str:
    return f"leak{number:03}hunter2"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")
