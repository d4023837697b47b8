"""Settings of the keys of KMS."""

from pydantic import Field

from settings.aws.types import KeyArn
from settings.types import Area


class ExistingKeys(Area):
    """Keys of this region that somebody else made, such as the primary's stack for its standby."""

    data: KeyArn = Field(description="Encrypts the database, its password, and exports.")
    backup: KeyArn = Field(description="Encrypts backups and copies of them.")
    escrow: KeyArn = Field(description="Encrypts the copy of n8n's encryption key.")


class KeysSettings(Area):
    """Keys of KMS, all of which rotate and wait 30 days before they are deleted."""

    existing: ExistingKeys | None = Field(
        default=None,
        description="Keys to use instead of new ones; for a standby the replicas, which the "
        "primary's stack makes and puts out as `replicaKeys`. Left out: the stack makes "
        "multi-region keys, and their replicas in the peer's region.",
    )
