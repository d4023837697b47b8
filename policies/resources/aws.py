"""How conditions read resources of AWS: what belongs together, IAM policies, tags."""

from collections.abc import Callable, Iterator

from policies.condition import Context
from policies.resources.answers import Answer, decide, no, some
from policies.resources.classification import default_tags
from policies.resources.place import Absent, Place, Verdict
from policies.resources.resource import Resource, Stack, of_type

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
"""A bucket, as version 7 of the provider calls it and as version 6 did."""

VPC = "aws:ec2/vpc:Vpc"
EKS_CLUSTER = "aws:eks/cluster:Cluster"
RDS_INSTANCE = "aws:rds/instance:Instance"
RDS_CLUSTER = "aws:rds/cluster:Cluster"
BACKUP_PLAN = "aws:backup/plan:Plan"

is_bucket = of_type(*BUCKETS)
"""Whether a resource is a bucket of S3."""

_IDENTIFIERS = ("id", "arn", "name", "bucket", "identifier")
"""Properties by which other resources name a resource."""

_POLICIES = of_type(
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
_ROLE = of_type("aws:iam/role:Role")
_PERMISSION_SET = of_type("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy")


def says(place: Place, satisfied: Callable[[str], bool]) -> Answer:
    """Whether a text, or one in a list of texts, satisfies."""
    return some(
        None if each.unknown else each.text is not None and satisfied(each.text)
        for each in one_or_more(place)
    )


def forbid(answer: Answer, found: str, requires: str, *places: Place) -> Iterator[Verdict]:
    """A finding if the answer is true, undecided if it is not known.

    Args:
        answer: whether it is as it must not be.
        found: that state in words.
        requires: the state that is required, in words.
        places: what to change, and what else the answer depends on.
    """
    unknown = next((place.path for place in places if place.unknown), "")
    yield from decide(no(answer), places[0].path, found=found, requires=requires, unknown=unknown)


def one_or_more(place: Place) -> Iterator[Place]:
    """The elements of a list, or the only one where no list is written."""
    if isinstance(place.value, list) or place.unknown:
        yield from place.each()
    elif not place.missing:
        yield place


def along(place: Place, *keys: str) -> Iterator[Place]:
    """The properties on a path on which `*` stands for every element of a list."""
    if not keys:
        yield place
    elif keys[0] == "*":
        for each in place.each():
            yield from along(each, *keys[1:])
    else:
        yield from along(place.at(keys[0]), *keys[1:])


def statements(policy: Place) -> Iterator[Place]:
    """The statements of a policy, written as JSON text or as a mapping; of an unknown one, one."""
    yield from one_or_more(policy.parsed().at("Statement"))


def allows(statement: Place) -> Answer:
    """Whether a statement grants something, rather than denies."""
    return says(statement.at("Effect"), lambda text: text == "Allow")


def identity_policies(resource: Resource) -> Iterator[Place]:
    """What a resource grants to a role, user, group or permission set; see `grants`."""
    if _POLICIES(resource):
        yield resource.at("policy")
    elif _ROLE(resource):
        for each in resource.at("inlinePolicies").each():
            yield each.at("policy")
    else:
        yield resource.at("inlinePolicy")


def grants(resource: Resource) -> bool:
    """Whether a resource has identity policies."""
    return _POLICIES(resource) or _ROLE(resource) or _PERMISSION_SET(resource)


def tag(resource: Resource, key: str) -> Place:
    """A tag of a resource, of its own or of its provider's defaults."""
    own = resource.at("tags", key)
    return default_tags(resource).at(key) if own.missing else own


def region(resource: Resource) -> Place:
    """The region a resource is in: its own, or its provider's."""
    own = resource.at("region")
    return resource.provider.at("region") if own.missing else own


def arn_region(place: Place) -> str | None:
    """The region in an ARN; None where there is none."""
    parts = (place.text or "").split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" and parts[3] else None


def is_customer_key(place: Place) -> bool:
    """Whether that names a KMS key, and none that AWS manages."""
    return bool(place.text) and "alias/aws/" not in (place.text or "")


def is_replica(resource: Resource) -> bool:
    """Whether a database follows another one, from which it takes storage and backups."""
    return not resource.at("replicateSourceDb").missing


def stands_by(stack: Stack) -> bool:
    """Whether all databases of a stack follow others elsewhere: what is erased there is erased
    here, and what needs to write does not run."""
    databases = list(stack.where(of_type(RDS_CLUSTER, RDS_INSTANCE)))
    return bool(databases) and all(
        not declared(each, "replicateSourceDb").missing for each in databases
    )


def declared(resource: Resource, key: str) -> Place:
    """A property as the program sets it, in a condition of scope `stack`.

    There the engine shows what the provider answers, in which everything that it will fill in is
    not known at preview. What comes from no other resource is of that kind: the program has not
    set it.
    """
    place = resource.at(key)
    if place.unknown and not resource.references.get(key):
        return Place(place.path, Absent.MISSING)
    return place


def refers(resource: Resource, key: str, target: Resource) -> Answer:
    """Whether a property names another resource of the stack."""
    origins = resource.references.get(key, ())
    names = {text for each in _IDENTIFIERS if (text := target.at(each).text)}
    named = says(resource.at(key), names.__contains__)
    if named is None or (named is False and target.at("id").text is None):
        # At least one of the two is yet to be named; where the value comes from tells as much.
        return target.urn in origins if origins else named
    return named


def referring(resource: Resource, key: str, context: Context, *types: str) -> Iterator[Resource]:
    """The resources of these types whose property names this one, or may."""
    for each in context.stack.of(*types):
        if refers(each, key, resource) is not False:
            yield each


def companion(
    resource: Resource,
    key: str,
    context: Context,
    types: str,
    *,
    requires: str,
    otherwise: Answer = False,
) -> Iterator[Verdict]:
    """Nothing if a resource of these types belongs to this one.

    Args:
        resource: the one that needs it.
        key: the property by which the other names this one.
        context: with all resources.
        types: pattern of its types.
        requires: what it is needed for, in words.
        otherwise: whether this resource has by itself what the other would give it.
    """
    kind = types.rpartition(":")[2].rstrip("*")
    found = [refers(each, key, resource) for each in context.stack.of(types)]
    yield from forbid(
        no(some([*found, otherwise])),
        f"no {kind} for it",
        requires,
        Place(f"{kind}.{key}" if None in found else kind, Absent.MISSING),
    )
