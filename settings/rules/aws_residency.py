"""Rules of residency: everything of an environment is in regions where personal data may be."""

from collections.abc import Iterator

from settings.aws import AwsSettings
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules


def regions_are_allowed(settings: Settings) -> Iterator[Problem]:
    """The environment, its peer and what they share are in allowed regions."""
    if settings.aws is None:
        return
    for key, region in _regions(settings.aws):
        if region not in settings.aws.allowed_regions:
            yield Problem(
                key=key,
                given=region,
                wanted=f"one of aws.allowedRegions: {', '.join(settings.aws.allowed_regions)}; or "
                "have it allowed there and in regions of policies/config/<stack>.json",
                compares=("aws.allowedRegions",),
            )


def names_are_of_their_region(settings: Settings) -> Iterator[Problem]:
    """What is named by its ARN is where it has to be for its use."""
    aws = settings.aws
    if aws is None:
        return
    here = [
        *(("aws.alarms.topics", arn) for arn in aws.alarms.topics),
        *(
            (f"aws.keys.existing.{name}", arn)
            for name, arn in (
                aws.keys.existing.model_dump(by_alias=True) if aws.keys.existing else {}
            ).items()
        ),
    ]
    for key, arn in here:
        if _region(arn) != aws.region:
            yield Problem(
                key=key,
                given=arn,
                wanted=f"one in {aws.region}, which is aws.region",
                compares=("aws.region",),
            )
    source = aws.database.source_arn
    if source and aws.peer and _region(source) != aws.peer.region:
        yield Problem(
            key="aws.database.sourceArn",
            given=source,
            wanted=f"an instance in {aws.peer.region}, which is aws.peer.region",
            compares=("aws.peer",),
        )


def _regions(aws: AwsSettings) -> Iterator[tuple[str, str]]:
    yield "aws.region", aws.region
    if aws.peer:
        yield "aws.peer.region", aws.peer.region
        if aws.failover.witness_region:
            yield "aws.failover.witnessRegion", aws.failover.witness_region
    if aws.database.source_arn:
        yield "aws.database.sourceArn", _region(aws.database.source_arn)


def _region(arn: str) -> str:
    return arn.split(":")[3]


RULES: Rules = (regions_are_allowed, names_are_of_their_region)
