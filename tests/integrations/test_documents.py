"""What people read about the services."""

from integrations.catalogue import load, parse
from integrations.documents import page
from tests.integrations.documents import document, entry

CATALOGUE = load()
PAGE = page(CATALOGUE)
REGISTER = PAGE.split("## Register of processors")[1]


def lines(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_every_service_is_described_and_its_handling_too() -> None:
    for integration in CATALOGUE.integrations:
        (use,) = lines(PAGE, f"| [{integration.name}]({integration.docs})")
        assert all(f"`{variable.name}`" in use for variable in integration.variables)
        assert len(lines(PAGE, f"| {integration.name} | ")) >= 1


def test_it_says_how_workflows_get_a_services_keys() -> None:
    def in_n8n(name: str) -> str:
        (row,) = lines(PAGE, f"| [{name}](")
        return row.split(" | ")[3]

    assert in_n8n("OpenAI") == "`openAiApi`"
    assert in_n8n("Zoom") == "`platformZoomApi`<sup>p</sup>"
    assert in_n8n("CoStar") == "none: no public interface is documented"
    assert in_n8n("Portkey") == "not for workflows"


def test_every_row_has_as_many_cells_as_its_header() -> None:
    width = 0
    for before, line in zip(["", *PAGE.splitlines()], PAGE.splitlines(), strict=False):
        cells = line.replace("\\|", "").count("|")
        if line.startswith("|") and not before.startswith("|"):
            width = cells
        if line.startswith("|"):
            assert cells == width, line


def test_the_register_has_everybody_who_is_sent_personal_data() -> None:
    personal, others = REGISTER.split("Reached, but sent no personal data:")
    for integration in CATALOGUE.integrations:
        if integration.processor is None:
            continue
        rows = [*lines(personal, f"| {integration.processor} | ")]
        if CATALOGUE.is_sent_personal_data(integration):
            assert integration.name in rows[0]
        elif not rows:
            assert integration.name in lines(others, f"| {integration.processor} | ")[0]


def test_what_was_not_verified_is_marked_with_the_reason() -> None:
    (costar,) = lines(PAGE, "| CoStar | ")
    assert "**not verified**: no public interface is documented" in costar
    (weaviate,) = lines(PAGE, "| Weaviate Cloud | ")
    assert "[check](https://github.com/n8n-io/n8n/" in weaviate
    assert "not verified" not in weaviate


def test_text_with_a_bar_stays_in_its_cell() -> None:
    changed = document()
    entry(changed, "slack")["purpose"] = "this | that"

    assert "this \\| that" in page(parse(changed))
