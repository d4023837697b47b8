"""What a stack costs a month: `make cost STACK=…`."""

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from cost import prices, usage
from cost.bill import bills
from cost.prices import MissingPriceError, PricesError
from cost.report import print_bills
from settings import SettingsError
from settings.file import NoSuchStackError, load_file

_WIDTH = 130
"""Characters of a line, however narrow the terminal: a table that is cut cannot be checked."""


def main(arguments: Sequence[str]) -> int:
    """Print the bill of one stack; 1 if there is none."""
    parser = argparse.ArgumentParser(prog="python -m cost", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack")
    stack: str = parser.parse_args(arguments).stack
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    try:
        table = prices.load()
        found = bills(stack, load_file(stack), usage.ASSUMED, table)
    except (NoSuchStackError, SettingsError, PricesError, MissingPriceError) as error:
        console.print(str(error), markup=False)
        return 1
    if not found:
        console.print(
            f"Stack {stack} makes nothing in AWS: it has no settings `aws`. Whatever its cluster "
            "costs is on its owner's bill.",
            soft_wrap=True,
            markup=False,
        )
        return 0
    print_bills(console, found, table, usage.ASSUMED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
