"""Settings of backups, their copies, restore tests, exports, and of the escrowed key."""

from typing import Literal

from pydantic import Field

from settings.aws.types import RoleArn
from settings.types import Area


class RecoverySettings(Area):
    """Backups, copies and restore tests. Copies are in the peer's region; without a peer, nowhere.

    A copy elsewhere is what survives a lost region, and one more place in which personal data is:
    `aws.allowedRegions` must have it.
    """

    backup_days: int = Field(
        default=35,
        ge=1,
        le=3650,
        description="Days that a backup and its copy are kept. Longer finds damage that was "
        "noticed late; until its end, a person's erased data can still be in it (GDPR Art. 17).",
    )
    minimum_backup_days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="No backup may be kept shorter: the vaults refuse it, so that nobody can plan "
        "backups away.",
    )
    maximum_backup_days: int = Field(
        default=35,
        ge=1,
        le=3650,
        description="No backup may be kept longer, GDPR Art. 5(1)(e): the vaults refuse it.",
    )
    vault_lock: Literal["governance", "compliance"] = Field(
        default="governance",
        description="`governance`: whoever has the permission can still delete a backup, for a "
        "person's request or against the company's will. `compliance`: nobody can, AWS included, "
        "from `vaultLockGraceDays` on, and the lock itself is final: ransomware with an "
        "administrator's rights cannot delete backups, and no request for erasure reaches them.",
    )
    vault_lock_grace_days: int = Field(
        default=7,
        ge=3,
        le=365,
        description="Days in which a `compliance` lock can still be taken back.",
    )
    export_days: int = Field(
        default=30, ge=1, le=3650, description="Days after which an export is deleted."
    )
    old_version_days: int = Field(
        default=14,
        ge=1,
        le=3650,
        description="Days that an export which was overwritten or deleted can be had back.",
    )
    object_lock: Literal["off", "governance", "compliance"] = Field(
        default="off",
        description="Whether exports can be deleted before `objectLockDays`. `off`: an erasure "
        "(GDPR Art. 17) reaches every version, and so does ransomware with the rights for it. "
        "`governance`: only with a permission of its own. `compliance`: neither can. Fixed when "
        "the buckets are made.",
    )
    object_lock_days: int = Field(
        default=14, ge=1, le=3650, description="Days for which an export is locked."
    )
    replicate_deletions: bool = Field(
        default=False,
        description="Also hide in the peer's bucket what is deleted in this one. Without it a "
        "deletion, by whomever, spares the copy, which goes after `exportDays`; an erasure has to "
        "be done in both.",
    )
    escrow: Literal["secrets-manager", "elsewhere"] = Field(
        default="secrets-manager",
        description="The second copy of n8n's encryption key, without which no restored credential "
        "can be read: an empty secret in both regions, into which somebody puts the key once; or "
        "kept elsewhere, as esc/README.md says.",
    )
    escrow_readers: tuple[RoleArn, ...] = Field(
        default=(),
        description="Roles that may open that secret, whatever else IAM allows. Empty: IAM "
        "alone decides.",
    )
