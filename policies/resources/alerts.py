"""Alerts of Prometheus and the configuration of Alertmanager, wherever a stack keeps them."""

import base64
import binascii
import re
from collections.abc import Iterator

import yaml

from policies.resources.answers import Answer, every, known, some
from policies.resources.place import Absent, Place
from policies.resources.resource import Resource, Stack, of_type

is_rule_set = of_type("kubernetes:monitoring.coreos.com/*:PrometheusRule")
"""Whether a resource declares alerts."""

_is_alertmanager_config = of_type("kubernetes:monitoring.coreos.com/*:AlertmanagerConfig")
_is_file_holder = of_type("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret")

_FILES = ("alertmanager.yaml", "alertmanager.yml")
"""What Alertmanager's configuration is called in a ConfigMap or Secret."""

_MATCHER = re.compile(r"""\s*"?([^=!~"\s]+)"?\s*(=|!=|=~|!~)\s*"?(.*?)"?\s*""")


def alerts(rule_set: Resource) -> Iterator[Place]:
    """The rules that alert, or may; recording rules have no alert."""
    for group in rule_set.at("spec", "groups").each():
        for rule in group.at("rules").each():
            if not rule.at("alert").missing:
                yield rule


def alerts_of(stack: Stack) -> Iterator[Place]:
    """The alerts of a stack."""
    for rule_set in stack.where(is_rule_set):
        yield from alerts(rule_set)


def configurations(resource: Resource) -> Iterator[Place]:
    """Alertmanager's configuration, with `route` and `receivers`, in a resource."""
    if _is_alertmanager_config(resource):
        yield resource.at("spec")
    elif _is_file_holder(resource):
        for holder in ("data", "stringData"):
            is_encoded = holder == "data" and resource.kind == "Secret"
            for name, file in resource.at(holder).entries():
                if name in _FILES:
                    yield _parsed(file, is_encoded=is_encoded)
                elif name.endswith((".yaml", ".yml")) and _is_alertmanagers(resource):
                    parsed = _parsed(file, is_encoded=is_encoded)
                    if not parsed.at("receivers").missing:
                        yield parsed


def notifies(receiver: Place) -> Answer:
    """Whether a receiver sends somewhere: in Alertmanager's own words, or in the operator's."""
    return some(
        known(sinks, any(True for _ in sinks.each()))
        for key, sinks in receiver.entries()
        if key == "*" or key.endswith(("_configs", "Configs"))
    )


def is_routed(stack: Stack, label: str, value: str) -> Answer:
    """Whether a route of Alertmanager takes alerts with that label to somebody.

    The route must name the label itself: one for everything shows no intention.
    """
    return some(
        every([_is_for(route, label, value), _has_receiver(receiver, configuration)])
        for resource in stack.resources
        for configuration in configurations(resource)
        for route, receiver in _routes(configuration.at("route"))
    )


def _is_alertmanagers(resource: Resource) -> bool:
    """Whether it is Alertmanager's own: then its files may be called anything."""
    return "alertmanager" in (resource.at("metadata", "name").text or "")


def _parsed(file: Place, *, is_encoded: bool) -> Place:
    if file.unknown:
        return file
    try:
        text = base64.b64decode(file.text or "").decode() if is_encoded else file.text or ""
        content = yaml.safe_load(text)
    except (yaml.YAMLError, binascii.Error, ValueError, RecursionError):
        content = None
    return Place(file.path, Absent.MISSING if content is None else content)


def _routes(root: Place) -> Iterator[tuple[Place, Place]]:
    """A route and all below it, with their receivers: where one names none, its parent's."""
    waiting = [(root, root.at("receiver"))]
    # YAML can make a route its own child.
    seen: set[int] = set()
    while waiting:
        route, receiver = waiting.pop()
        if id(route.value) in seen:
            continue
        if not route.unknown:
            seen.add(id(route.value))
            for child in route.at("routes").each():
                own = child.at("receiver")
                waiting.append((child, receiver if own.missing else own))
        yield route, receiver


def _has_receiver(name: Place, configuration: Place) -> Answer:
    """Whether there is a receiver of that name, and it sends somewhere."""
    if name.unknown:
        return None
    return some(
        every([known(each.at("name"), each.at("name").text == name.text), notifies(each)])
        for each in configuration.at("receivers").each()
        if name.text
    )


def _is_for(route: Place, label: str, value: str) -> Answer:
    """Whether a route names that value of that label."""
    given = route.at("match", label)
    matchers = route.at("matchers").each()
    return some(
        [known(given, given.text == value), *(_matches(each, label, value) for each in matchers)]
    )


def _matches(matcher: Place, label: str, value: str) -> Answer:
    """The same of one matcher: a text of Alertmanager's, or a mapping of the operator's."""
    name, wanted, kind = (matcher.at(key) for key in ("name", "value", "matchType"))
    if name.unknown or wanted.unknown or kind.unknown:
        return None
    parts = _MATCHER.fullmatch(matcher.text or "")
    if parts:
        return (parts[1], parts[3]) == (label, value) and parts[2] in ("=", "=~")
    return (name.text, wanted.text) == (label, value) and kind.text in (None, "=", "=~")
