"""Which environment fails over, and what its things are called: from the stacks' files alone."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from components.monitoring.blackbox import NO_WEBHOOK
from components.n8n.pod import READINESS_PATH
from failover.errors import FailoverError
from settings.aws import AwsSettings
from settings.file import load_file
from settings.model import Settings
from settings.problems import SettingsError


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment of a pair.

    Attributes:
        stack: its stack.
        settings: those of the stack.
        aws: its settings of AWS.
        peer: the other environment's region.
    """

    stack: str
    settings: Settings
    aws: AwsSettings
    peer: str

    @property
    def table(self) -> str:
        """The lease's table."""
        return f"{self.aws.name}-lease"

    @property
    def take_function(self) -> str:
        """The function that takes the lease for this region."""
        return f"{self.table}-take"

    @property
    def escrow(self) -> str:
        """The secret with n8n's encryption key."""
        return f"{self.aws.name}-encryption-key"

    @property
    def url(self) -> str:
        """Where a webhook pod of this region says that it has its database.

        Without records there is no host of the region's own: n8n refuses a webhook that nobody has
        once somebody leads requests here.
        """
        records = self.aws.failover.records
        if records:
            return f"https://{records.check_host}{READINESS_PATH}"
        return f"https://{urlsplit(self.settings.n8n.webhook_url).hostname}/webhook/{NO_WEBHOOK}"

    def database(self, generation: int | None = None) -> str:
        """The database's name in RDS; of a generation, or of that in the settings."""
        return f"{self.aws.name}-{generation or self.aws.database.generation}"

    def database_arn(self) -> str:
        """The database's ARN."""
        where = f"{self.aws.region}:{self.aws.account_id}"
        return f"arn:aws:rds:{where}:db:{self.database()}"


def environment(stack: str, *, folder: Path) -> Environment:
    """The environment of a stack.

    Args:
        stack: its name.
        folder: the program's.

    Raises:
        FailoverError: it is not one of a pair.
        NoSuchStackError: it has no file.
        SettingsError: its settings cannot be used.
    """
    settings = load_file(stack, folder=folder)
    file = f"Pulumi.{stack}.yaml"
    if settings.aws is None:
        raise FailoverError(f"{file} has no `aws`: it is no environment that can fail over.")
    if settings.aws.peer is None:
        raise FailoverError(
            f"{file} has no `aws.peer`: there is no second region. A lost one is restored from "
            "backups, docs/runbooks/region-loss.md."
        )
    return Environment(
        stack=stack, settings=settings, aws=settings.aws, peer=settings.aws.peer.region
    )


def partner(of: Environment, *, folder: Path) -> Environment | None:
    """The other environment of the pair, by name and regions; None if no stack's file has it."""
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            other = environment(file.name.split(".")[1], folder=folder)
        except (FailoverError, SettingsError):
            continue
        if (other.aws.name, other.aws.region, other.peer) == (of.aws.name, of.peer, of.aws.region):
            return other
    return None
