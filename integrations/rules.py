"""Rules that a schema cannot say: within an entry of the catalogue, and between entries."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from integrations.credentials import Credential
from integrations.model import (
    HTTPS,
    Aspect,
    Catalogue,
    Check,
    Consumer,
    Criticality,
    Integration,
    RotationMethod,
    SetName,
)
from integrations.suggestions import suggestion
from integrations.texts import filled, names

_CALLED_LIKE_A_SECRET = re.compile(r"_(KEY|TOKEN|SECRET|PASSWORD|DSN)$")


def problems(catalogue: Catalogue) -> Iterator[str]:
    """Everything in a catalogue that breaks a rule, each with the place."""
    for rule in _OF_ALL:
        yield from rule(catalogue)
    for integration in catalogue.integrations:
        for rule in _OF_EACH:
            yield from (f"{integration.id}: {each}" for each in rule(catalogue, integration))


def placeholders(check: Check) -> set[str]:
    """The variables whose values a call sends, anywhere in it."""
    texts = [check.url, json.dumps(check.json), *check.headers.values(), *check.form.values()]
    return set(names([*texts, *(check.basic or ())]))


def _names_are_unique(catalogue: Catalogue) -> Iterator[str]:
    credentials = [each.credential for each in catalogue.integrations if each.credential]
    for what, found in (
        ("id", [each.id for each in catalogue.integrations]),
        ("name", [each.name for each in catalogue.integrations]),
        ("credential in n8n", [each.type for each in credentials]),
    ):
        yield from (f"{each}: two services have this {what}" for each in _repeated(found))


def _a_variable_belongs_to_one_service(catalogue: Catalogue) -> Iterator[str]:
    """Also under the report's name: an environment in the old words must mean the same."""
    own = [(v.name, each.id) for each in catalogue.integrations for v in each.own_variables]
    old = [
        (v.report_name, each.id)
        for each in catalogue.integrations
        for v in each.own_variables
        if v.report_name
    ]
    for name in _repeated([name for name, _ in [*own, *old]]):
        owners = ", ".join(sorted({owner for each, owner in [*own, *old] if each == name}))
        yield f"{name}: named more than once ({owners}); write shared_with where that is meant"


def _categories_have_their_number_of_services(catalogue: Catalogue) -> Iterator[str]:
    for category in catalogue.categories:
        found = len(catalogue.of_category(category))
        if found != category.count:
            yield f"{category.id}: {found} services, documented as {category.count}"


def _every_set_adds_something(catalogue: Catalogue) -> Iterator[str]:
    used = {each.smallest_set for each in catalogue.integrations}
    for each in SetName:
        if each not in used:
            yield f"{each}: no service has this as its smallest set"


def _categories_exist(catalogue: Catalogue, integration: Integration) -> Iterator[str]:
    known = [each.id for each in catalogue.categories]
    if integration.category not in known:
        meant = suggestion(integration.category, known)
        yield f"category {integration.category}: no such category{meant}"
    kinds = [each.id for each in catalogue.data_categories]
    for name in integration.data:
        if name not in kinds:
            yield f"data {name}: no such category of data{suggestion(name, kinds)}"


def _variables_are_named_once(_: Catalogue, integration: Integration) -> Iterator[str]:
    for name in _repeated(each.name for each in integration.variables if each.shared_with):
        yield f"{name}: shared more than once"
    both = {each.name for each in integration.own_variables} & {
        each.name for each in integration.variables if each.shared_with
    }
    yield from (f"{name}: both its own and shared" for name in sorted(both))


def _what_is_called_like_a_secret_is_one(_: Catalogue, integration: Integration) -> Iterator[str]:
    for variable in integration.own_variables:
        if not variable.secret and _CALLED_LIKE_A_SECRET.search(variable.name):
            yield f"{variable.name}: called like a secret, but not secret"


def _shared_variables_come_with_their_owner(
    catalogue: Catalogue, integration: Integration
) -> Iterator[str]:
    for variable in integration.variables:
        if variable.shared_with is None:
            continue
        owner = catalogue.by_id.get(variable.shared_with)
        where = f"{variable.name}: shared_with {variable.shared_with}"
        if owner is None:
            yield f"{where}: no such service{suggestion(variable.shared_with, catalogue.by_id)}"
        elif variable.name not in [each.name for each in owner.own_variables]:
            yield f"{where}: that service has no such variable of its own"
        elif owner.smallest_set.size > integration.smallest_set.size:
            yield f"{where}: that service is missing in the set {integration.smallest_set}"


def _critical_services_are_in_every_set(_: Catalogue, integration: Integration) -> Iterator[str]:
    if (
        integration.criticality is Criticality.CRITICAL
        and integration.smallest_set is not SetName.MINIMAL
    ):
        yield f"critical, so its smallest set is {SetName.MINIMAL}, not {integration.smallest_set}"


def _processors_are_named(catalogue: Catalogue, integration: Integration) -> Iterator[str]:
    """Who is sent personal data is in the register, and whom pods reach is somebody."""
    if integration.processor is None:
        if catalogue.is_sent_personal_data(integration):
            yield "processor is missing: it is sent personal data"
        if integration.egress:
            yield "processor is missing: it is reached outside of the cluster"
    if integration.data and not integration.egress:
        yield "egress is missing: it is sent data"
    if integration.processor is not None and "own" in integration.regions.where:
        yield "regions: own is for what runs in our own cluster, which has no processor"


def _egress_is_by_known_variables(_: Catalogue, integration: Integration) -> Iterator[str]:
    secret = {each.name: each.secret for each in integration.variables}
    for egress in integration.egress:
        if egress.variable is not None and secret.get(egress.variable, True):
            yield f"egress {egress.variable}: no variable of it, or a secret one"


def _secrets_are_rotated(_: Catalogue, integration: Integration) -> Iterator[str]:
    has_secret = any(each.secret for each in integration.own_variables)
    if has_secret and integration.rotation is None:
        yield "rotation is missing: it has a secret"
    if not has_secret and integration.rotation is not None:
        yield "rotation: it has no secret of its own"
    rotation = integration.rotation
    if rotation is not None and rotation.automated and rotation.how is RotationMethod.MANUAL:
        yield "rotation: what somebody does by hand is not automated"


def _checks_change_nothing_and_leak_nothing(
    _: Catalogue, integration: Integration
) -> Iterator[str]:
    check = integration.check
    if (check is None) == (integration.no_check is None):
        yield "write either check, or in no_check why there is none"
    if check is None:
        return
    if (check.method == "POST") != (check.why_post is not None):
        yield "check: why_post says of a POST, and only of that, why it changes nothing"
    secret = {each.name: each.secret for each in integration.variables}
    for name in sorted(placeholders(check) - set(secret)):
        yield f"check: {name} is no variable of it"
    for name in names([check.url]):
        if secret.get(name):
            yield f"check: the secret {name} is in the address, which is logged"
    if check.signature is None and not any(secret.get(each) for each in placeholders(check)):
        yield "check: it shows nothing, because no secret is sent"
    if not _goes_to_egress(check, integration):
        yield "check: its host is not in egress"


def _goes_to_egress(check: Check, integration: Integration) -> bool:
    if check.url.startswith("{"):
        return names([check.url])[0] in [each.variable for each in integration.egress]
    host = urlsplit(filled(check.url, lambda _: "x")).hostname or ""
    return any(each.covers(host) for each in integration.egress)


def _workflows_get_keys_in_n8n(_: Catalogue, integration: Integration) -> Iterator[str]:
    credential = integration.credential
    said = credential is not None or integration.no_credential is not None
    has_secret = any(each.secret for each in integration.own_variables)
    if Consumer.WORKER not in integration.consumed_by or not has_secret:
        if said:
            yield "n8n: no worker uses it, or it has no secret of its own"
    elif (credential is None) == (integration.no_credential is None):
        yield "write either n8n, or in no_n8n why workflows do not get its keys there"
    if credential is not None:
        yield from (f"n8n: {each}" for each in _problems_of_credential(credential, integration))


def _problems_of_credential(credential: Credential, integration: Integration) -> Iterator[str]:
    secret = {each.name: each.secret for each in integration.variables}
    authentication = credential.authentication
    sent = (
        (*authentication.headers.values(), *(authentication.basic or ())) if authentication else ()
    )
    for text in (*credential.fields.values(), *sent):
        if re.search(r"[{}]", filled(text, lambda _: "")):
            yield f"{text}: braces stand around the name of a variable only, as in {{SOME_KEY}}"
    used = names(credential.fields.values())
    yield from (f"{name} is no variable of it" for name in used if name not in secret)
    if not any(secret.get(name) for name in used):
        yield "it fills in no secret"
    if not any(each.port == HTTPS for each in integration.egress):
        yield f"egress has no host at port {HTTPS}, so its key would be sent to any"
    check = integration.check
    if authentication is None or authentication.token_scheme is None:
        return
    if check is None or not (check.method == "POST" and check.form):
        yield "sends a token, but the check asks for none: it has to be a POST with a form"


def _what_was_not_verified_says_why(_: Catalogue, integration: Integration) -> Iterator[str]:
    absent = {
        Aspect.CHECK: integration.check is None,
        Aspect.ROTATION: integration.rotation is None,
        Aspect.PROCESSOR: integration.processor is None,
    }
    for aspect in sorted(set(integration.verified) & {each for each, no in absent.items() if no}):
        yield f"verified: there is no {aspect}"
    needed = {Aspect.VARIABLES, Aspect.EGRESS}
    if integration.check is not None:
        needed.add(Aspect.CHECK)
    missing = sorted(needed - set(integration.verified))
    if missing and integration.not_verified is None:
        yield f"not_verified is missing: it says why {', '.join(missing)} was not verified"
    if not missing and integration.not_verified is not None:
        yield "not_verified: variables, egress and check are all verified"


def _repeated(words: Iterable[str]) -> list[str]:
    return sorted(word for word, count in Counter(words).items() if count > 1)


_OF_ALL: tuple[Callable[[Catalogue], Iterator[str]], ...] = (
    _names_are_unique,
    _a_variable_belongs_to_one_service,
    _categories_have_their_number_of_services,
    _every_set_adds_something,
)
_OF_EACH: tuple[Callable[[Catalogue, Integration], Iterator[str]], ...] = (
    _categories_exist,
    _variables_are_named_once,
    _what_is_called_like_a_secret_is_one,
    _shared_variables_come_with_their_owner,
    _critical_services_are_in_every_set,
    _processors_are_named,
    _egress_is_by_known_variables,
    _secrets_are_rotated,
    _checks_change_nothing_and_leak_nothing,
    _workflows_get_keys_in_n8n,
    _what_was_not_verified_says_why,
)
