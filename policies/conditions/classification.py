"""Data stores say what their data is, what for, for how long, and who answers for it."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources import classification
from policies.resources.answers import if_known
from policies.resources.classification import is_data_store, is_personal, said_of, stored
from policies.resources.place import Place, Undecided, Verdict
from policies.resources.resource import Resource

_GDPR = "https://eur-lex.europa.eu/eli/reg/2016/679/oj"
_LABELS = "a tag of the resource, or a label or annotation in Kubernetes"


@condition(
    applies=is_data_store,
    severity=Severity.MEDIUM,
    soc2=("C1.1",),
    gdpr=("30",),
    steps=f"Set {classification.CLASSIFICATION}, as {_LABELS}, to the highest class of the data: "
    f"{', '.join(classification.CLASSES)}.",
    url=_GDPR,
)
def data_stores_are_classified(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every data store says how sensitive its data is."""
    place = said_of(resource, classification.CLASSIFICATION)
    yield from if_known(stored(resource), place.must_be(*classification.CLASSES))


@condition(
    applies=is_data_store,
    severity=Severity.MEDIUM,
    soc2=("C1.1",),
    gdpr=("5(1)(b)", "30"),
    steps=f"Set {classification.PURPOSE}, as {_LABELS}, to the name of the activity in your "
    "records of processing activities.",
    url=_GDPR,
)
def data_stores_have_a_purpose(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every data store says what its data is for."""
    purpose = said_of(resource, classification.PURPOSE)
    yield from if_known(stored(resource), purpose.must(_is_written, "a purpose"))


@condition(
    applies=is_data_store,
    severity=Severity.MEDIUM,
    soc2=("C1.1",),
    gdpr=("5(1)(b)", "30"),
    steps=f"Set {classification.LAWFUL_BASIS}, as {_LABELS}, to the basis in GDPR Art. 6(1): "
    f"{', '.join(classification.LAWFUL_BASES)}.",
    url=_GDPR,
)
def personal_data_has_a_lawful_basis(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every store of personal data says on which lawful basis it is processed."""
    place = said_of(resource, classification.LAWFUL_BASIS)
    personal = is_personal(resource)
    verdicts = place.must_be(*classification.LAWFUL_BASES)
    if personal:
        yield from if_known(stored(resource), verdicts)
    elif personal is None and any(verdicts):
        requires = "a lawful basis if the data is personal"
        yield Undecided(said_of(resource, classification.CLASSIFICATION).path, requires)


@condition(
    applies=is_data_store,
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("5(1)(e)", "30"),
    steps=f"Set {classification.RETENTION_DAYS}, as {_LABELS}, to the days after which the data "
    "is deleted; for personal data within dataRetention of the packs' configuration.",
    url=_GDPR,
)
def data_stores_have_a_retention(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every data store says when its data is deleted, within the bounds if it is personal."""
    place = said_of(resource, classification.RETENTION_DAYS)
    days = _whole_number(place)
    bounds = context.parameters.data_retention
    within = f"{bounds} for personal data"
    if place.unknown or days.number is None:
        said = days.must(lambda place: place.number is not None, "a whole number of days")
        yield from if_known(stored(resource), said)
    elif not bounds.allows(days.number):
        personal = is_personal(resource)
        if personal is None:
            yield Undecided(said_of(resource, classification.CLASSIFICATION).path, within)
        elif personal:
            yield from if_known(stored(resource), days.must(lambda _: False, within))


@condition(
    applies=is_data_store,
    severity=Severity.MEDIUM,
    soc2=("C1.1",),
    gdpr=("30",),
    steps=f"Set {classification.OWNER}, as {_LABELS}, to the team or role that answers for it.",
    url=_GDPR,
)
def data_stores_have_an_owner(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every data store says who answers for its data."""
    owner = said_of(resource, classification.OWNER)
    yield from if_known(stored(resource), owner.must(_is_written, "an owner"))


def _is_written(place: Place) -> bool:
    return bool(place.text and place.text.strip())


def _whole_number(place: Place) -> Place:
    """The number in a tag, which is text."""
    text = (place.text or "").strip()
    return Place(place.path, int(text)) if text.isascii() and text.isdigit() else place
