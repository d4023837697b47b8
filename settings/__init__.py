"""The settings of an environment: what can be set, what is allowed, and how it is read."""

from settings.load import load, parse
from settings.model import Settings
from settings.problems import SettingsError

__all__ = ["Settings", "SettingsError", "load", "parse"]
