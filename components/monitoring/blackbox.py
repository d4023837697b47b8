"""What the blackbox exporter asks, and what it takes for an answer.

A certificate is looked at where clients meet it, not where it is stored: servers read theirs at
their start, and go on with the old one after a new one was stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.monitoring import access
from components.n8n.pod import READINESS_PATH
from components.redis import topology
from settings import Settings, probing

AUTHORITY = "/etc/redis-tls"
"""Where the exporter finds `ca.crt`, which Redis's certificates are checked against. It reads the
file for each probe, and so follows one that is replaced."""

NO_WEBHOOK = "n8n-platform-probe"
"""A path that no workflow may have: n8n answers 404, after it has looked for it in the database.
The service levels do not count that."""

_TIMEOUT = "5s"
"""Below the ten seconds after which Prometheus gives up a scrape."""

_POD = {"sourceLabels": ["instance"], "regex": r"([^.]+)\..+", "targetLabel": "pod"}
"""Which pod a target is, as the metrics of its exporter say too."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Targets that are asked in the same way.

    Attributes:
        name: of its module.
        module: how they are asked, as the exporter's configuration says it.
        targets: what is asked.
        relabelings: labels beside `instance`, which is the target.
    """

    name: str
    module: Mapping[str, Any]
    targets: Sequence[str]
    relabelings: Sequence[Mapping[str, Any]] = ()

    @property
    def job(self) -> str:
        """The label `job` of its metrics."""
        return f"probe-{self.name}"

    def spec(self, *, exporter: str) -> dict[str, Any]:
        """The `spec` of its custom resource.

        Args:
            exporter: host name of the exporter's Service.
        """
        return {
            "jobName": self.job,
            "prober": {"url": f"{exporter}:{access.BLACKBOX_PORT}", "path": "/probe"},
            "module": self.name,
            "targets": {
                "staticConfig": {
                    "static": list(self.targets),
                    "relabelingConfigs": [dict(each) for each in self.relabelings],
                }
            },
        }


def probes(settings: Settings) -> Iterator[Probe]:
    """What is asked with these settings."""
    if probing.redis(settings):
        yield _redis(settings)
    answers = {probing.WEBHOOKS: _NO_SUCH_WEBHOOK, probing.EDITOR: _READY}
    for name, address in probing.addresses(settings).items():
        answer = answers[name]
        yield Probe(
            name=name,
            module=answer.module(),
            targets=(f"{address.scheme}://{address.netloc}{answer.path}",),
        )


def configuration(asked: Sequence[Probe]) -> dict[str, Any]:
    """The exporter's configuration."""
    return {"modules": {each.name: dict(each.module) for each in asked}}


def _redis(settings: Settings) -> Probe:
    """Each node by the name that its certificate is for: each may still have another one."""
    domain = topology.domain(settings.platform.namespace)
    zones = topology.zones(settings.platform.zones)
    return Probe(
        name="redis",
        # The handshake is all: what asks has no password.
        module={
            "prober": "tcp",
            "timeout": _TIMEOUT,
            "tcp": {
                "preferred_ip_protocol": "ip4",
                "tls": True,
                "tls_config": {"ca_file": f"{AUTHORITY}/ca.crt"},
            },
        },
        targets=[f"{pod}.{domain}:{topology.PORT}" for zone in zones for pod in zone.pods],
        relabelings=(_POD,),
    )


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """An answer over https that only n8n gives, not what stands before it.

    Attributes:
        path: what is asked for.
        status: with which it is answered.
        body: regular expression that its body matches.
    """

    path: str
    status: int
    body: str

    def module(self) -> dict[str, Any]:
        return {
            "prober": "http",
            "timeout": _TIMEOUT,
            "http": {
                # Network policies let out to addresses of IPv4.
                "preferred_ip_protocol": "ip4",
                "valid_status_codes": [self.status],
                "fail_if_not_ssl": True,
                "follow_redirects": False,
                "fail_if_body_not_matches_regexp": [self.body],
            },
        }


_NO_SUCH_WEBHOOK = _Answer(
    path=f"/webhook/{NO_WEBHOOK}",
    status=404,
    # Of a webhook pod's JSON; the gateway's own 404 has no body.
    body=rf'"message":"The requested webhook \\"GET {NO_WEBHOOK}\\" is not registered\."',
)
_READY = _Answer(path=READINESS_PATH, status=200, body=r'"status":"ok"')
