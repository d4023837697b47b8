"""What Pulumi itself is told about a resource: to keep it, and to leave nothing alone."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.kubernetes import is_object
from policies.resources.place import Finding, Place, Undecided, Verdict
from policies.resources.resource import Resource, of_type

_PROTECT = "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/"
_IGNORE_CHANGES = "https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/"

_keeps_state = of_type(
    "kubernetes:core/v1:PersistentVolumeClaim",
    "aws:backup/vault:Vault",
    "aws:docdb/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:ebs/volume:Volume",
    "aws:efs/fileSystem:FileSystem",
    "aws:kms/key:Key",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
)
"""What is lost with the resource: data, backups, or the key that opens them."""

_SECURITY_FIELDS = frozenset(
    {
        # Pods and their rights
        "image",
        "securityContext",
        "serviceAccountName",
        "automountServiceAccountToken",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "roleRef",
        "rules",
        "subjects",
        # Network
        "cidrBlocks",
        "egress",
        "ingress",
        "podSelector",
        "policyTypes",
        "publiclyAccessible",
        "securityGroups",
        "securityGroupIds",
        "vpcSecurityGroupIds",
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
        # Encryption
        "encrypted",
        "encryptionConfig",
        "enableKeyRotation",
        "kmsKeyArn",
        "kmsKeyId",
        "serverSideEncryptionConfiguration",
        "storageEncrypted",
        # Rights and protection
        "acl",
        "assumeRolePolicy",
        "deletionProtection",
        "policy",
        "versioning",
    }
)
_HOLDERS = ("spec", "template", "jobTemplate", "containers", "initContainers")
"""What security settings of Kubernetes lie in, as they occur in a path."""

_STEP = re.compile(r'\["[^"]*"\]|\[[^\]]*\]|[^.\[\]]+')


def _retention(stateful_set: Resource) -> Place:
    """What becomes of a StatefulSet's volumes when it is deleted; they are kept by default."""
    return stateful_set.at("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")


def _takes_volumes_along(resource: Resource) -> bool:
    """Whether deleting a StatefulSet deletes its volumes, or may."""
    if resource.type != "kubernetes:apps/v1:StatefulSet":
        return False
    return _retention(resource).unknown or _retention(resource).text == "Delete"


@condition(
    applies=lambda resource: _keeps_state(resource) or _takes_volumes_along(resource),
    severity=Severity.HIGH,
    soc2=("CC8.1", "A1.2"),
    gdpr=("32(1)(b)",),
    steps="Set the resource option protect to true; who really wants to delete it unprotects it "
    "first, in a change of its own.",
    url=_PROTECT,
)
def state_is_protected(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Pulumi refuses to delete what holds data, backups or their keys."""
    if not (resource.protect or _keeps_state(resource)) and _retention(resource).unknown:
        yield Undecided(_retention(resource).path, "Retain, or protect true")
    else:
        yield from Place("options.protect", resource.protect).must_be(True)


@condition(
    applies=lambda resource: is_object(resource) or resource.type.startswith("aws:"),
    severity=Severity.HIGH,
    soc2=("CC8.1",),
    steps="Remove the property from ignoreChanges, so that what somebody changed by hand is "
    "noticed and undone.",
    url=_IGNORE_CHANGES,
)
def no_ignored_security_changes(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Changes of security settings that were made past Pulumi are noticed."""
    for position, path in enumerate(resource.ignored):
        field = _ignored_field(resource, path)
        if field:
            yield Finding(
                f"options.ignoreChanges[{position}]",
                f"changes of {field} ignored",
                "changes of security settings to be noticed",
            )


def _ignored_field(resource: Resource, path: str) -> str:
    """The security setting that a path of `ignoreChanges` covers, in words; empty if none."""
    steps = [step.strip('[]"') for step in _STEP.findall(path)]
    names = [step for step in steps if step != "*" and not step.isdigit()]
    if not names:
        return "everything" if "*" in steps else ""
    field = next((name for name in names if name in _SECURITY_FIELDS), "")
    if not field and is_object(resource) and all(name in _HOLDERS for name in names):
        return "the whole specification"
    return field
