"""Which keys of an environment are to be replaced, after how many days, and when that is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from esc.rotated import record
from settings.coverage import coverage
from settings.model import Settings
from settings.secret_keys import REDIS_FURTHER_PASSWORDS, wanted, wanted_by_grafana


@dataclass(frozen=True, kw_only=True)
class DatedKey:
    """A secret of the ESC environment that the platform's pods are given.

    Attributes:
        name: in ESC.
        interval_days: after which it is to be replaced.
        replaced: the day on which it was set or last replaced; None: nobody has written it down.
    """

    name: str
    interval_days: int
    replaced: date | None

    @property
    def due(self) -> datetime | None:
        """The moment from which on it is overdue; None where its age is not known."""
        if self.replaced is None:
            return None
        day = self.replaced + timedelta(days=self.interval_days)
        return datetime.combine(day, time.min, tzinfo=UTC)


def dated_keys(settings: Settings) -> tuple[DatedKey, ...]:
    """The keys of an environment that somebody replaces; none where they are not kept in ESC.

    Left out are n8n's encryption key, which is never replaced; certificates, which end by
    themselves; the passwords that exist while another one is replaced; and what a service or ESC
    replaces without anybody.

    Args:
        settings: checked ones; rules have seen that the environment has a definition, and that the
            record of its keys can be used.
    """
    if settings.secrets.source != "esc":
        return ()
    replaced = record.load(settings.esc.project, settings.esc.environment)
    return tuple(
        DatedKey(name=name, interval_days=days, replaced=replaced.get(name))
        for name, days in (*_own(settings), *_of_services(settings))
    )


def _own(settings: Settings) -> Iterator[tuple[str, int]]:
    steps = set(REDIS_FURTHER_PASSWORDS.values())
    for secret in (*wanted(settings), *wanted_by_grafana(settings)):
        for name in secret.keys.values():
            if secret.rotates and "_TLS_" not in name and name not in steps:
                yield name, settings.esc.rotation_days


def _of_services(settings: Settings) -> Iterator[tuple[str, int]]:
    for key in coverage(settings).keys:
        rotation = key.integration.rotation
        if key.variable.secret and rotation and not rotation.automated:
            yield key.name, rotation.interval_days
