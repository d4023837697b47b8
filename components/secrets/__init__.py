"""The platform's own secrets: generated, copied from Pulumi ESC, or expected to exist."""

from components.secrets.platform import PlatformSecrets

__all__ = ["PlatformSecrets"]
