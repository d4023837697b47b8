"""What is printed: who answered, what it cost, and how that was worked out."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ai_gateway import prices
from ai_gateway.document import Document, leaves
from ai_gateway.savings.arithmetic import Answered, Total, expected, floor_is_kept, total
from ai_gateway.savings.mixes import Mix

GOAL = 0.40
"""The saving that was asked for: 40 to 50 percent."""


def mix(console: Console, chosen: Mix, answered: Sequence[Answered], document: Document) -> None:
    """Print what a replayed mix cost, by use case, with the arithmetic."""
    whole = total(expected(chosen, document), document)
    seen = total(answered, document)
    console.rule(f"{chosen.name}: {chosen.title}", align="left", style="dim")
    console.print(_table(answered, document), soft_wrap=True)
    for each in answered:
        console.print(f"  {_arithmetic(each, document)}", style="dim", soft_wrap=True)
    console.print(
        f"  replayed {seen.calls:,.0f} calls: {_sentence(seen)}\n"
        f"  the whole day, {whole.calls:,.0f} calls as the weights say: {_sentence(whole)}",
        soft_wrap=True,
    )
    for other in _other_baselines(document):
        compared = total(expected(chosen, document), document, other)
        console.print(f"  beside {other} for everything: {compared.saving:.1%}", soft_wrap=True)


def headline(console: Console, reference: Mix, seen: Total, document: Document) -> None:
    """Print the figure that is asked for, and what it rests on."""
    whole = total(expected(reference, document), document)
    reached = "reached" if whole.saving >= GOAL else "NOT reached: see above where it is spent"
    console.rule(style="dim")
    console.print(
        f"Reference mix: {whole.saving:.1%} less than {document.baseline} for every call "
        f"(replayed: {seen.saving:.1%}). Goal of {GOAL:.0%}: {reached}.",
        style="bold",
        soft_wrap=True,
    )
    used = [prices.load().models[name] for name in document.models]
    unverified = [price.name for price in used if not price.verified]
    console.print(
        f"Prices of {min(p.looked_up for p in used)}, ai_gateway/prices.yaml; in part not from the "
        f"provider's own page: {', '.join(unverified) or 'none'}.\n"
        "Volumes are assumptions (ai_gateway/savings/mixes.yaml). Real: Portkey's gateway, the "
        "router and its metering. Stand-ins: the models, which answer with the tokens asked for. "
        "Not measured: quality, and that models count the tokens of a text differently.",
        soft_wrap=True,
    )


def _table(answered: Sequence[Answered], document: Document) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("use case", "tier"):
        table.add_column(column, no_wrap=True)
    for column in ("calls", "tokens in", "out", "routed $", "baseline $", "saved"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("quality", no_wrap=True)
    for use_case in dict.fromkeys(each.use_case for each in answered):
        of_it = [each for each in answered if each.use_case == use_case]
        kept = all(floor_is_kept(each, document) for each in of_it)
        table.add_row(
            use_case,
            document.use_cases[use_case].tier,
            *_figures(of_it, document),
            "kept" if kept else "BROKEN",
        )
    table.add_row("together", "", *_figures(answered, document), "", style="bold")
    return table


def _figures(answered: Sequence[Answered], document: Document) -> tuple[str, ...]:
    sum_of_them = total(answered, document)
    return (
        f"{sum_of_them.calls:,.0f}",
        f"{sum(each.calls * each.each.input for each in answered):,.0f}",
        f"{sum(each.calls * each.each.output for each in answered):,.0f}",
        f"{sum_of_them.routed:.4f}",
        f"{sum_of_them.baseline:.4f}",
        f"{sum_of_them.saving:.1%}",
    )


def _arithmetic(each: Answered, document: Document) -> str:
    model = document.models[each.model]
    sent, answered = each.each.input, each.each.output
    return (
        f"{each.use_case + ':' + each.strategy:<31} {each.model:<28} {each.calls:>4.0f} x "
        f"({sent:,} x ${model.input_dollars:g} + {answered:,} x ${model.output_dollars:g}) "
        f"/ 1,000,000 = ${each.dollars(document):.4f}"
    )


def _sentence(of: Total) -> str:
    return f"${of.routed:.4f} instead of ${of.baseline:.4f}, {of.saving:.1%} saved"


def _other_baselines(document: Document) -> list[str]:
    """The premium tier's other models: another company would compare with one of them."""
    return list(
        dict.fromkeys(
            leaf["name"]
            for leaf in leaves(document.tiers["premium"])
            if leaf["name"] != document.baseline
        )
    )
