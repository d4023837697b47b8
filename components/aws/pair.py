"""What an environment and its peer share, told apart by region only."""

import pulumi

from settings.aws import AwsSettings


def regions(environment: AwsSettings) -> list[str]:
    """The environment's region, and its peer's."""
    return [environment.region, *([environment.peer.region] if environment.peer else [])]


def in_region(key_arn: pulumi.Input[str], region: str, *, own: str) -> pulumi.Input[str]:
    """The same multi-region key in a region: its replica has the same id.

    Args:
        key_arn: the key where the environment is.
        region: where it is used.
        own: where the environment is.
    """
    if region == own:
        return key_arn
    return pulumi.Output.from_input(key_arn).apply(
        lambda arn: arn.replace(f":kms:{own}:", f":kms:{region}:")
    )
