"""What the user is told about one resource while it changes."""

from dataclasses import dataclass

from local.plugins.kubernetes.secrecy import Redactor
from local.plugins.server import EngineLog


@dataclass(frozen=True, kw_only=True)
class ResourceLog:
    """The engine's log, as seen by one resource: nothing goes out with its secret values."""

    engine: EngineLog
    urn: str
    redactor: Redactor

    def status(self, text: str) -> None:
        """Show what is going on beside the resource, until something else does."""
        self.engine.info(self.redactor.redact(text), urn=self.urn, ephemeral=True)

    def warning(self, text: str) -> None:
        """Warn the user, who sees it at the end, too."""
        self.engine.warning(self.redactor.redact(text), urn=self.urn)
