"""The pod of one Redis node: Redis itself, its keeper, and an exporter where there is to be one.

The keeper is an ordinary container on purpose: it is told to stop at the same moment as Redis's
preStop hook starts. A native sidecar would live on, and take back the mastership that the hook is
handing over.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components import pods
from components.redis.configuration import Directories
from components.redis.exporter import Exporter
from components.redis.topology import BUS_PORT, PORT, Zone
from settings import sizing
from settings.data import RedisSettings
from settings.secret_keys import REDIS_FURTHER_PASSWORDS, REDIS_PASSWORDS

USER = 999
"""User and group `redis` of the official Debian image."""

DIRECTORIES = Directories()

_GRACE_SECONDS = 60
"""20 s to hand over the mastership (hand-over.sh), 10 s in which Redis lets its replica catch up
(its own shutdown-timeout), and time to write everything to the volume."""

_PASSWORDS = "passwords"
"""Name of the volume with Redis's passwords."""

_mount = kubernetes.core.v1.VolumeMountArgs


@dataclass(frozen=True, kw_only=True)
class Node:
    """What the pods of all zones have in common.

    Attributes:
        redis: image, sizes, TLS.
        configuration: name of the ConfigMap with configuration.py's files.
        environment: what the scripts read, from configuration.py.
        passwords_secret: Secret with n8n's password and the one of the nodes for each other.
        tls_secret: Secret with certificate and key of every node.
        account: service account without rights.
        exporter: what there is beside the node where the platform is watched.
    """

    redis: RedisSettings
    configuration: pulumi.Input[str]
    environment: Mapping[str, str]
    passwords_secret: str
    tls_secret: str
    account: pulumi.Input[str]
    exporter: Exporter | None

    def pod(self, zone: Zone, labels: Mapping[str, str]) -> kubernetes.core.v1.PodSpecArgs:
        """A pod that stays in its zone, if possible not on one machine with the zone's other."""
        run, run_mount = pods.scratch("run", DIRECTORIES.run, size="1Mi", memory=True)
        return kubernetes.core.v1.PodSpecArgs(
            service_account_name=self.account,
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security(user=USER, group=USER),
            affinity=_affinity(zone, labels),
            tolerations=pods.lost_node_tolerations(),
            termination_grace_period_seconds=_GRACE_SECONDS,
            containers=[
                self._redis(run_mount),
                self._script(
                    "keeper", _mount(name="run", mount_path=DIRECTORIES.run, read_only=True)
                ),
                # After Redis, which makes its password when it starts.
                *([self.exporter.container] if self.exporter else []),
            ],
            volumes=[
                run,
                _passwords(
                    self.passwords_secret,
                    needed=tuple(REDIS_PASSWORDS),
                    optional=tuple(REDIS_FURTHER_PASSWORDS),
                ),
                *self._volumes(("tls.crt", "tls.key", "ca.crt")),
                *(self.exporter.volumes if self.exporter else []),
            ],
        )

    def bootstrap_pod(self) -> kubernetes.core.v1.PodSpecArgs:
        """The pod that makes one cluster of the six nodes."""
        return kubernetes.core.v1.PodSpecArgs(
            service_account_name=self.account,
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security(user=USER, group=USER),
            tolerations=pods.lost_node_tolerations(),
            restart_policy="Never",
            containers=[self._script("bootstrap")],
            volumes=[
                _passwords(self.passwords_secret, needed=("cluster-password",)),
                *self._volumes(("ca.crt",)),
            ],
        )

    def _redis(self, run: kubernetes.core.v1.VolumeMountArgs) -> kubernetes.core.v1.ContainerArgs:
        return kubernetes.core.v1.ContainerArgs(
            name="redis",
            image=self.redis.image,
            command=_run("start"),
            env=self._environment(),
            ports=[
                kubernetes.core.v1.ContainerPortArgs(name="redis", container_port=PORT),
                kubernetes.core.v1.ContainerPortArgs(name="bus", container_port=BUS_PORT),
            ],
            lifecycle=kubernetes.core.v1.LifecycleArgs(
                pre_stop=kubernetes.core.v1.LifecycleHandlerArgs(
                    exec_=kubernetes.core.v1.ExecActionArgs(command=_run("hand-over"))
                )
            ),
            startup_probe=_probe("alive", period_seconds=2, failure_threshold=60),
            # Longer than a failover takes: a slow node is replaced by its replica, not restarted.
            liveness_probe=_probe("alive", period_seconds=10, failure_threshold=6),
            readiness_probe=_probe("ready", period_seconds=5, failure_threshold=2),
            resources=pods.requirements(self.redis.resources),
            security_context=pods.container_security(),
            volume_mounts=[
                *self._mounts(),
                _mount(name="data", mount_path=DIRECTORIES.data),
                run,
                *([self.exporter.password] if self.exporter else []),
            ],
        )

    def _script(
        self, name: str, *mounts: kubernetes.core.v1.VolumeMountArgs
    ) -> kubernetes.core.v1.ContainerArgs:
        return kubernetes.core.v1.ContainerArgs(
            name=name,
            image=self.redis.image,
            command=_run(name),
            env=self._environment(),
            resources=pods.requirements(sizing.REDIS_KEEPER),
            security_context=pods.container_security(),
            volume_mounts=[*self._mounts(), *mounts],
        )

    def _environment(self) -> list[kubernetes.core.v1.EnvVarArgs]:
        variable = kubernetes.core.v1.EnvVarArgs
        return [
            _field("POD_NAME", "metadata.name"),
            _field("POD_IP", "status.podIP"),
            *(variable(name=name, value=value) for name, value in self.environment.items()),
        ]

    def _mounts(self) -> list[kubernetes.core.v1.VolumeMountArgs]:
        mounts = [
            _mount(name="configuration", mount_path=DIRECTORIES.configuration, read_only=True),
            _mount(name=_PASSWORDS, mount_path=DIRECTORIES.passwords, read_only=True),
        ]
        if self.redis.tls:
            mounts.append(
                _mount(name="certificates", mount_path=DIRECTORIES.certificates, read_only=True)
            )
        return mounts

    def _volumes(self, certificates: tuple[str, ...]) -> list[kubernetes.core.v1.VolumeArgs]:
        volumes = [
            kubernetes.core.v1.VolumeArgs(
                name="configuration",
                config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(name=self.configuration),
            ),
        ]
        if self.redis.tls:
            tls, _ = pods.secret_files(
                "certificates", self.tls_secret, DIRECTORIES.certificates, keys=certificates
            )
            volumes.append(tls)
        return volumes


def _passwords(
    secret: str, *, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> kubernetes.core.v1.VolumeArgs:
    """Keys of a Secret as files, which follow it while the pod runs.

    Two sources, because only a whole source can be optional: were the needed keys so too, a Secret
    that is deleted for a moment would take the passwords away from nodes that run.
    """
    return kubernetes.core.v1.VolumeArgs(
        name=_PASSWORDS,
        projected=kubernetes.core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                kubernetes.core.v1.VolumeProjectionArgs(
                    secret=kubernetes.core.v1.SecretProjectionArgs(
                        name=secret,
                        optional=may_be_missing or None,
                        items=[kubernetes.core.v1.KeyToPathArgs(key=key, path=key) for key in keys],
                    )
                )
                for keys, may_be_missing in ((needed, False), (optional, True))
                if keys
            ],
        ),
    )


def _affinity(zone: Zone, labels: Mapping[str, str]) -> kubernetes.core.v1.AffinityArgs:
    return kubernetes.core.v1.AffinityArgs(
        node_affinity=kubernetes.core.v1.NodeAffinityArgs(
            required_during_scheduling_ignored_during_execution=kubernetes.core.v1.NodeSelectorArgs(
                node_selector_terms=[
                    kubernetes.core.v1.NodeSelectorTermArgs(
                        match_expressions=[
                            kubernetes.core.v1.NodeSelectorRequirementArgs(
                                key=pods.ZONE, operator="In", values=[zone.name]
                            )
                        ]
                    )
                ]
            )
        ),
        pod_anti_affinity=kubernetes.core.v1.PodAntiAffinityArgs(
            preferred_during_scheduling_ignored_during_execution=[
                kubernetes.core.v1.WeightedPodAffinityTermArgs(
                    weight=100,
                    pod_affinity_term=kubernetes.core.v1.PodAffinityTermArgs(
                        topology_key=pods.HOST,
                        label_selector=kubernetes.meta.v1.LabelSelectorArgs(
                            match_labels=dict(labels)
                        ),
                    ),
                )
            ]
        ),
    )


def _run(script: str) -> list[str]:
    return ["sh", f"{DIRECTORIES.configuration}/{script}.sh"]


def _probe(
    question: str, *, period_seconds: int, failure_threshold: int
) -> kubernetes.core.v1.ProbeArgs:
    return kubernetes.core.v1.ProbeArgs(
        exec_=kubernetes.core.v1.ExecActionArgs(command=[*_run("probe"), question]),
        period_seconds=period_seconds,
        timeout_seconds=6,
        failure_threshold=failure_threshold,
    )


def _field(variable: str, path: str) -> kubernetes.core.v1.EnvVarArgs:
    return kubernetes.core.v1.EnvVarArgs(
        name=variable,
        value_from=kubernetes.core.v1.EnvVarSourceArgs(
            field_ref=kubernetes.core.v1.ObjectFieldSelectorArgs(field_path=path)
        ),
    )
