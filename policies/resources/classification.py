"""What data stores say about their data: the words of tags in AWS, of labels in Kubernetes."""

from policies.resources import n8n
from policies.resources.answers import Answer, known, some
from policies.resources.place import Place
from policies.resources.resource import Resource, Stack, of_type

CLASSIFICATION = "data-classification"
"""How sensitive the data is: one of `CLASSES`."""

PURPOSE = "data-purpose"
"""What the data is for: the name of the activity in the records of processing activities."""

LAWFUL_BASIS = "data-lawful-basis"
"""Why personal data may be processed: one of `LAWFUL_BASES`."""

RETENTION_DAYS = "data-retention-days"
"""After how many days the data is deleted: a whole number."""

OWNER = "data-owner"
"""Who answers for the data: a team or a role."""

PERSONAL = "personal"
"""The class of data about people."""

CLASSES = ("public", "internal", "confidential", PERSONAL)
"""What data can be, by what its disclosure would cost."""

LAWFUL_BASES = (
    "consent",
    "contract",
    "legal-obligation",
    "vital-interests",
    "public-task",
    "legitimate-interests",
)
"""GDPR Art. 6(1)(a) to (f)."""

is_aws_data_store = of_type(
    "aws:docdb/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:efs/fileSystem:FileSystem",
    "aws:elasticache/cluster:Cluster",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:elasticache/serverlessCache:ServerlessCache",
    "aws:elasticsearch/domain:Domain",
    "aws:memorydb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
    "aws:opensearch/domain:Domain",
    "aws:opensearch/serverlessCollection:ServerlessCollection",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
    "aws:redshift/cluster:Cluster",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
)
"""Whether a resource of AWS keeps data of its own. All of them have `tags`."""

_is_claim = of_type("kubernetes:core/v1:PersistentVolumeClaim")
_is_stateful_set = of_type("kubernetes:apps/v1:StatefulSet")


def is_data_store(resource: Resource) -> bool:
    """Whether a resource keeps data: of AWS, a claim of a volume, or a StatefulSet with volumes.

    A StatefulSet's own labels count: those of its claims cannot be changed once it is there. A
    patch of Kubernetes says only what it changes, and is none.
    """
    if _is_stateful_set(resource):
        return any(True for _ in stored(resource).each())
    return is_aws_data_store(resource) or _is_claim(resource)


def stored(resource: Resource) -> Place:
    """What makes a resource a data store: a StatefulSet's volumes; others are by themselves."""
    if _is_stateful_set(resource):
        return resource.at("spec", "volumeClaimTemplates")
    return Place("", resource.type)


def said_of(resource: Resource, key: str) -> Place:
    """What a resource says under a key of this module: in its labels, annotations or tags."""
    return labelled(key, *_mappings(resource))


def labelled(key: str, *mappings: Place) -> Place:
    """What labels, annotations or tags say under a key, which may have a prefix that ends in `/`.

    If several of the mappings have it the first counts; if none has it and one is not known at
    preview, then neither is this. A missing one is in the first mapping, where it should be set.
    """
    result = mappings[0].at(key)
    for mapping in mappings:
        if mapping.unknown:
            result = mapping.at(key)
            continue
        for name, place in mapping.entries():
            if name.rpartition("/")[2] == key and not place.missing:
                return place
    return result


def is_personal(resource: Resource) -> Answer:
    """Whether a resource is classified as holding personal data."""
    place = said_of(resource, CLASSIFICATION)
    return known(place, place.text == PERSONAL)


def holds_personal_data(stack: Stack) -> Answer:
    """Whether a stack has to do with personal data: it says so of a store, or runs n8n.

    n8n keeps what its workflows read, and their authors decide what that is.
    """
    if n8n.is_in(stack):
        return True
    return some(map(is_personal, stack.where(is_data_store)))


def default_tags(resource: Resource) -> Place:
    """The tags that the provider gives to every resource of AWS."""
    # Pulumi hands a provider's nested settings over as JSON texts.
    return resource.provider.at("defaultTags").parsed().at("tags")


def _mappings(resource: Resource) -> tuple[Place, ...]:
    if resource.type.startswith("aws:"):
        # Not `tagsAll`: the provider computes it, so that it is not known before `up`.
        return resource.at("tags"), default_tags(resource)
    return resource.at("metadata", "labels"), resource.at("metadata", "annotations")
