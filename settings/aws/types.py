"""The kinds of value that settings of AWS are made of: regions, accounts, ranges, ARNs."""

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
"""A region of AWS, such as eu-central-1."""

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
"""The number of an account of AWS, written as text: it may begin with zero."""

KeyArn = Annotated[str, Field(pattern=r"^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+$")]
"""A KMS key by its ARN."""

RoleArn = Annotated[str, Field(pattern=r"^arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]
"""An IAM role by its ARN."""

VpcId = Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]
"""A VPC by its id."""

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
"""A subnet by its id."""

SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
"""A security group by its id."""

_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _range(*, shortest: int, longest: int) -> AfterValidator:
    """Accept a private IPv4 range (RFC 1918) whose prefix is between these lengths."""

    def check(value: str) -> str:
        network = IPv4Network(value)
        if not any(network.subnet_of(each) for each in _PRIVATE):
            raise ValueError("a private range, in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
        if not shortest <= network.prefixlen <= longest:
            raise ValueError(f"a prefix between /{shortest} and /{longest}")
        return str(network)

    return AfterValidator(check)


VpcCidr = Annotated[str, _range(shortest=16, longest=20)]
"""A VPC's range: AWS takes none larger than /16; /20 is the smallest that is planned here."""

ServiceCidr = Annotated[str, _range(shortest=12, longest=24)]
"""A range of Kubernetes Services, of the sizes that EKS takes."""

ConnectedCidr = Annotated[str, _range(shortest=8, longest=32)]
"""A private range that is connected to the VPC, such as that of a VPN."""


def _checked_public(value: str) -> str:
    network = IPv4Network(value)
    if network.is_private or network.prefixlen < 16:
        raise ValueError("a public range of /16 or smaller")
    return str(network)


PublicCidr = Annotated[str, AfterValidator(_checked_public)]
"""A range of public addresses, such as those of an office."""
