"""Replay every mix and print what routing saves: `make ai-savings`."""

import sys

from rich.console import Console

from ai_gateway import routing
from ai_gateway.savings import mixes, report
from ai_gateway.savings.arithmetic import floor_is_kept, total
from ai_gateway.savings.replay import ReplayError, place, replay
from settings.ai import AiSettings

_CALLS = 300
"""Calls that a mix is replayed with, about."""

_WIDTH = 110
"""Characters of a line, however narrow the terminal: a table that is cut cannot be checked."""


def main() -> int:
    """Print all mixes and the headline; 1 if the figures mean nothing or a floor was broken."""
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    # The settings' defaults; the router runs from this checkout, its image is not used.
    document = routing.document(AiSettings(gateway="sidecar"))
    listed = mixes.load()
    console.print(
        f"Starting gateway and router: {len(listed)} mixes, some {_CALLS} calls each. "
        "Limits of use cases are lifted.",
        soft_wrap=True,
    )
    answered = {}
    try:
        with place(document) as at:
            for mix in listed:
                answered[mix.name] = replay(mix.scaled(_CALLS), at)
                report.mix(console, mix, answered[mix.name], document)
    except ReplayError as error:
        console.print(f"The replay failed: {error}", soft_wrap=True)
        return 1
    reference = next(mix for mix in listed if mix.name == mixes.REFERENCE)
    report.headline(console, reference, total(answered[reference.name], document), document)
    kept = all(floor_is_kept(each, document) for calls in answered.values() for each in calls)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
