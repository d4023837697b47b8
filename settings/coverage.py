"""Which of an environment's integrations have their keys where its secrets come from."""

from esc import definition
from integrations.coverage import Coverage
from settings.model import Settings


def coverage(settings: Settings) -> Coverage:
    """The chosen services beside the keys of the environment that secrets are copied from.

    Args:
        settings: checked ones; rules have seen that the environment has a definition.
    """
    esc = settings.esc
    return Coverage(
        selection=settings.integrations.selection,
        defined=definition.load(esc.project, esc.environment).keys
        if settings.secrets.source == "esc"
        else None,
    )
