"""Prints bills: tables, sums, and what the standby and each zone cost."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from cost.bill import Bill, Line, total
from cost.prices import Prices
from cost.usage import Usage, listed

_NOT_COUNTED = (
    "Not counted: tax, AWS' support plan, requests to KMS, S3 and the like, the first two "
    "rotations of each key (a dollar a month each), Pulumi Cloud, n8n's licence, language models. "
    "Prices are on demand: who commits for a year or three pays less."
)


_WHOLE = 10
"""Quantities from which on fractions are left out."""


def print_bills(console: Console, bills: Sequence[Bill], prices: Prices, usage: Usage) -> None:
    """Print all there is to say about a stack's bills."""
    for bill in bills:
        console.print(_table(bill))
        console.print()
    console.print(_sums(bills))
    for line in _remarks(bills, prices):
        console.print(line, soft_wrap=True, markup=False)
    console.print()
    console.print(_usage(usage))


def _table(bill: Bill) -> Table:
    table = Table(box=None, pad_edge=False, title=bill.name, title_justify="left")
    for title in ("component", "what", "region"):
        table.add_column(title)
    for title in ("quantity", "unit", "dollars", "monthly"):
        table.add_column(title, justify="left" if title == "unit" else "right")
    for component, lines in bill.by_component.items():
        for number, line in enumerate(lines):
            table.add_row(component if number == 0 else "", *_cells(line))
        table.add_row("", "", "", "", "", "", f"[bold]{total(lines):,.2f}[/bold]", end_section=True)
    return table


def _cells(line: Line) -> Iterator[str]:
    charge, mark = line.charge, "" if line.price.source else " ?"
    yield charge.what
    yield charge.region
    yield f"{charge.quantity:,.0f}" if charge.quantity >= _WHOLE else f"{charge.quantity:.3g}"
    yield line.price.unit
    yield f"{line.unit_dollars:,.4f}{mark}"
    yield f"{line.dollars:,.2f}"


def _sums(bills: Sequence[Bill]) -> Table:
    table = Table(box=None, pad_edge=False, title="US dollars a month", title_justify="left")
    table.add_column("")
    for bill in bills:
        table.add_column(bill.name, justify="right")
    for component in bills[0].by_component:
        found = [total(bill.by_component.get(component, [])) for bill in bills]
        table.add_row(component, *map(_dollars, found))
    table.add_row("total", *(_dollars(bill.dollars) for bill in bills), style="bold")
    table.add_row("of which in each zone", *(_dollars(bill.of_a_zone) for bill in bills))
    return table


def _remarks(bills: Sequence[Bill], prices: Prices) -> Iterator[str]:
    primary, *standbys = bills
    together = sum(bill.dollars for bill in bills)
    if standbys:
        standby = together - primary.dollars + primary.for_standby
        yield (
            f"\nTogether {together:,.2f}. The standby costs {standby:,.2f}: its environment, "
            f"reckoned from this stack's settings, and {primary.for_standby:,.2f} here, for copies "
            "and the lease."
        )
    yield (
        "Each zone has nodes with their disks, a NAT gateway, endpoints and public addresses of "
        "its own: an extra one like the others costs as much."
    )
    share = sum(bill.not_sourced for bill in bills) / together
    yield (
        f"Prices of {prices.looked_up}; cost/prices.yaml has the source of each. `?`: read "
        f"nowhere, an estimate or general knowledge; {share:.0%} of the sum rests on these."
    )
    yield _NOT_COUNTED


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def _usage(usage: Usage) -> Table:
    title = "Assumed quantities a month (cost/usage.py)"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column("quantity", justify="right")
    table.add_column("unit")
    table.add_column("what")
    table.add_column("because")
    for each in listed(usage):
        table.add_row(f"{each.amount:,g}", each.unit, each.what, each.why)
    return table
