"""Data stays in the allowed regions, as far as manifests of Kubernetes name any.

Where a cluster itself is, only its cloud provider's resources show.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.parameters import Parameters
from policies.resources import ai_gateways, services
from policies.resources.kubernetes import containers, is_config_map, pod_spec
from policies.resources.n8n import variable
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource, of_type
from policies.resources.services import is_registered
from policies.resources.workloads import runs_pods

_TRANSFERS = "https://eur-lex.europa.eu/eli/reg/2016/679/oj"
_TOPOLOGY = "https://kubernetes.io/docs/reference/labels-annotations-taints/"

_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
_ZONES = (
    re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]"),
    re.compile(
        r"((?:africa|asia|australia|europe|me|northamerica|southamerica|us)-[a-z]+\d+)-[a-z]"
    ),
)
"""Zones with their region in their name, of AWS and of Google; others may be called anything."""

_REGION_VARIABLES = (
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "N8N_EXTERNAL_STORAGE_S3_BUCKET_REGION",
)
"""Environment variables that say in which region a program stores or processes."""

_STORE_REGIONS = {
    "kubernetes:external-secrets.io/v*:SecretStore": ("spec", "provider", "aws", "region"),
    "kubernetes:external-secrets.io/v*:ClusterSecretStore": ("spec", "provider", "aws", "region"),
    "kubernetes:velero.io/v*:BackupStorageLocation": ("spec", "config", "region"),
    "kubernetes:velero.io/v*:VolumeSnapshotLocation": ("spec", "config", "region"),
}
"""Where resources of operators name the region of a store outside of the cluster."""

_is_volume = of_type("kubernetes:core/v1:PersistentVolume")
_is_storage_class = of_type("kubernetes:storage.k8s.io/v1:StorageClass")

_ADDRESS = re.compile(r"BASE|ENDPOINT|HOST|UR[IL]")
"""What variables are called that hold addresses."""

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_BEDROCK = re.compile(r"bedrock[a-z-]*\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)")
_OPENAI_EU = "eu.api.openai.com"
_PROMPTS = "prompts"
"""What the catalogue of integrations calls what language models are sent."""

_LANGUAGE_MODELS = (
    "*.api.openai.com",
    "*.cognitiveservices.azure.com",
    "*.openai.azure.com",
    "*.services.ai.azure.com",
    "*aiplatform.googleapis.com",
    "api.deepseek.com",
    "api.groq.com",
    "api.mistral.ai",
    "api.perplexity.ai",
    "api.x.ai",
    "generativelanguage.googleapis.com",
)
"""Hosts of language models whose names do not say in which of our regions they process, and which
the catalogue of integrations does not have."""

_ALLOWED = "a language model in an allowed region or of a registered processor"


@condition(
    applies=lambda resource: any(_topologies(resource)),
    severity=Severity.HIGH,
    gdpr=("44-49",),
    steps="Choose nodes and volumes by a region, or by zones of a region, that is among `regions` "
    "of the packs' configuration.",
    url=_TOPOLOGY,
)
def pods_and_volumes_stay_in_allowed_regions(
    resource: Resource, context: Context
) -> Iterator[Verdict]:
    """Where pods and volumes are bound to regions or zones, these are in the allowed regions."""
    for key, place in _topologies(resource):
        yield from _in_region(place, context.parameters, zone=key == _ZONE)


@condition(
    applies=lambda resource: any(_store_regions(resource)),
    severity=Severity.HIGH,
    gdpr=("44-49",),
    steps="Use a store in one of the `regions` of the packs' configuration.",
    url=_TRANSFERS,
)
def outside_stores_are_in_allowed_regions(
    resource: Resource, context: Context
) -> Iterator[Verdict]:
    """Where the cluster keeps secrets and backups outside of itself, that is an allowed region."""
    for region in _store_regions(resource):
        yield from _in_region(region, context.parameters)


@condition(
    applies=runs_pods,
    severity=Severity.HIGH,
    gdpr=("44-49",),
    steps=f"Set {', '.join(_REGION_VARIABLES)} to one of the `regions` of the packs' "
    "configuration.",
    url=_TRANSFERS,
)
def programs_use_allowed_regions(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Programs that are told a cloud region are told an allowed one."""
    for container in containers(resource):
        for name in _REGION_VARIABLES:
            region = variable(container, name)
            # What is in a Secret or ConfigMap is not visible here.
            if region.text or region.unknown:
                yield from _in_region(region, context.parameters)


@condition(
    applies=lambda resource: runs_pods(resource) or any(_destinations(resource)),
    severity=Severity.HIGH,
    soc2=("CC9.2",),
    gdpr=("44-49", "28"),
    steps="Use an endpoint whose name has an allowed region in it, as those of Amazon Bedrock "
    f"have, or {_OPENAI_EU}; or enter the host in `processors` of the packs' configuration, once "
    "there is an agreement that covers the transfer.",
    url=_TRANSFERS,
)
def language_models_are_in_allowed_regions(
    resource: Resource, context: Context
) -> Iterator[Verdict]:
    """Programs send prompts to language models in allowed regions or of registered processors."""
    for each in _destinations(resource):
        allowed = all(
            ai_gateways.is_in_cluster(host) or _is_allowed(host, context.parameters)
            for host in each.hosts
        )
        yield from each.place.must(
            lambda _, allowed=allowed and bool(each.hosts): allowed,
            _ALLOWED,
            found=f"{each.place.path} with a language model elsewhere",
        )
    for container in containers(resource) if runs_pods(resource) else ():
        for entry in container.at("env").each():
            name, value = entry.at("name"), entry.at("value")
            # Most values that are not known yet are no addresses, and their names tell.
            if value.unknown and not name.unknown and not _ADDRESS.search(name.text or ""):
                continue
            hosts = _HOST.findall((value.text or "").lower())
            yield from value.must(
                lambda _, hosts=hosts: all(
                    not _is_language_model(host) or _is_allowed(host, context.parameters)
                    for host in hosts
                ),
                _ALLOWED,
                found=f"{value.path} with a language model elsewhere",
            )


def _store_regions(resource: Resource) -> Iterator[Place]:
    for type_, path in _STORE_REGIONS.items():
        region = resource.at(*path)
        if of_type(type_)(resource) and not region.missing:
            yield region


def _topologies(resource: Resource) -> Iterator[tuple[str, Place]]:
    """Regions and zones that a resource is bound to: the label's key, and the value."""
    terms: list[Place] = []
    if runs_pods(resource):
        spec = pod_spec(resource)
        for key in (_REGION, _ZONE):
            chosen = spec.at("nodeSelector", key)
            if not chosen.missing:
                yield key, chosen
        required = "requiredDuringSchedulingIgnoredDuringExecution"
        affinity = spec.at("affinity", "nodeAffinity", required, "nodeSelectorTerms")
        terms += affinity.each()
    elif _is_volume(resource):
        terms += resource.at("spec", "nodeAffinity", "required", "nodeSelectorTerms").each()
    elif _is_storage_class(resource):
        for term in resource.at("allowedTopologies").each():
            yield from _values(term.at("matchLabelExpressions"))
    for term in terms:
        yield from _values(term.at("matchExpressions"))


def _values(expressions: Place) -> Iterator[tuple[str, Place]]:
    for expression in expressions.each():
        key, operator = expression.at("key").text, expression.at("operator")
        if key in (_REGION, _ZONE) and operator.unknown:
            yield key, operator
        elif key in (_REGION, _ZONE) and operator.text in (None, "In"):
            for value in expression.at("values").each():
                yield key, value


def _in_region(place: Place, parameters: Parameters, *, zone: bool = False) -> Iterator[Verdict]:
    """A region must be allowed, and a zone's where its name says it."""
    name = place.text
    if zone and name is not None:
        parts = next(filter(None, (zone.fullmatch(name) for zone in _ZONES)), None)
        name = parts[1] if parts else None
    if place.unknown or name is not None:
        yield from place.must(lambda _: name in parameters.regions, "an allowed region")


def _destinations(resource: Resource) -> Iterator[ai_gateways.Destination]:
    """Where AI gateways send prompts, as a ConfigMap tells them."""
    if is_config_map(resource):
        yield from ai_gateways.destinations(resource)


def _is_language_model(host: str) -> bool:
    """Whether prompts are sent to a host."""
    service = services.at_host(host)
    return (
        _BEDROCK.fullmatch(host) is not None
        or any(fnmatchcase(host, pattern) for pattern in _LANGUAGE_MODELS)
        or (service is not None and _PROMPTS in service.data)
    )


def _is_allowed(host: str, parameters: Parameters) -> bool:
    """Whether a host processes in allowed regions only, or is a registered processor's."""
    bedrock = _BEDROCK.fullmatch(host)
    if bedrock:
        return bedrock[1] in parameters.regions
    service = services.at_host(host)
    where = ("eu",) if host == _OPENAI_EU else service.regions.where if service else ()
    inside = [any(region.startswith(each) for region in parameters.regions) for each in where]
    return (bool(inside) and all(inside)) or is_registered(host, parameters.processors)
