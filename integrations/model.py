"""What the catalogue says of an outside service."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from integrations.credentials import Credential

HTTPS = 443
"""The port of a place whose port the catalogue does not say."""


class Criticality(StrEnum):
    """What it means for a stack that a service's key is missing."""

    CRITICAL = "critical"
    """Nothing works without it: an error before anything changes."""
    IMPORTANT = "important"
    """A workflow of the platform's own stands still: a line in the summary."""
    OPTIONAL = "optional"
    """Only workflows that use it stand still: a line in the summary."""


class SetName(StrEnum):
    """A choice of services for a kind of environment, from the smallest to the largest."""

    MINIMAL = "minimal"
    """Development."""
    STANDARD = "standard"
    """Staging."""
    FULL = "full"
    """Production."""

    @property
    def size(self) -> int:
        """Its place among the sets: each has what the smaller ones have, and more."""
        return list(SetName).index(self)


class Consumer(StrEnum):
    """What uses a service, and so needs its keys and the way out to it."""

    MAIN = "main"
    WEBHOOK = "webhook"
    WORKER = "worker"
    GATEWAY = "gateway"
    """The AI gateway beside each worker."""
    MONITORING = "monitoring"
    OPERATOR = "operator"
    """Operators in the cluster, such as External Secrets."""
    DEPLOYMENT = "deployment"
    """The machine that runs Pulumi; no pod."""
    NODES = "nodes"
    """The nodes themselves, which pull images; no pod."""


class NamedBy(StrEnum):
    """Whose name of a variable it is."""

    VENDOR = "vendor"
    REPORT = "report"
    """The infrastructure report's; the vendor documents none, or nothing in public."""
    HERE = "here"
    """Ours; the vendor names the value, but no variable."""


class RotationMethod(StrEnum):
    """How a key is replaced."""

    MANUAL = "manual"
    """By somebody in the vendor's console."""
    API = "api"
    """By a call to the vendor's API."""
    ESC = "esc"
    """By Pulumi ESC, which logs in or rotates."""


class Aspect(StrEnum):
    """What of an entry can be looked up, and may have been."""

    VARIABLES = "variables"
    EGRESS = "egress"
    CHECK = "check"
    REGIONS = "regions"
    PROCESSOR = "processor"
    ROTATION = "rotation"


@dataclass(frozen=True, kw_only=True)
class Category:
    """A group of services.

    Attributes:
        id: what entries refer to.
        title: what people read.
        count: how many services the infrastructure report has in it.
    """

    id: str
    title: str
    count: int


@dataclass(frozen=True, kw_only=True)
class DataCategory:
    """A kind of data that is sent to services.

    Attributes:
        id: what entries refer to.
        personal: whether it is personal data (GDPR Art. 4).
        description: what is in it.
    """

    id: str
    personal: bool
    description: str


@dataclass(frozen=True, kw_only=True)
class Variable:
    """An environment variable, which is also the key under which ESC holds its value.

    Attributes:
        name: of the variable.
        secret: whether its value must be kept secret.
        named_by: whose name it is.
        description: what to put there.
        report_name: what the infrastructure report calls it, where that differs.
        shared_with: id of the service that it belongs to, if not to this one.
    """

    name: str
    secret: bool
    named_by: NamedBy
    description: str
    report_name: str | None = None
    shared_with: str | None = None


@dataclass(frozen=True, kw_only=True)
class Egress:
    """A place that consumers connect to, by TCP.

    Attributes:
        host: its name; `*.` stands for any subdomain. None if a variable says it.
        variable: the variable whose value is an address at that host, different for each customer.
        port: TCP port.
    """

    host: str | None
    variable: str | None
    port: int

    def covers(self, host: str) -> bool:
        """Whether a host is meant by `host`."""
        if self.host is None:
            return False
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return host == self.host

    def __str__(self) -> str:
        place = self.host or f"the host of {self.variable}"
        return place if self.port == HTTPS else f"{place}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Where a service processes what it is sent.

    Attributes:
        where: the regions; `own` is our own cluster.
        selectable: whether the customer chooses one of them.
        how: how it is chosen, or who does.
    """

    where: tuple[str, ...]
    selectable: bool
    how: str

    def __str__(self) -> str:
        text = (" or " if self.selectable else ", ").join(self.where)
        return f"{text} ({self.how})" if self.how else text


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How, and how often, a service's keys are replaced.

    Attributes:
        how: by whom.
        interval_days: a key older than this is overdue.
        automated: whether it happens without anybody.
        docs: where the vendor describes it.
        note: what helps to do it without a gap.
    """

    how: RotationMethod
    interval_days: int
    automated: bool
    docs: str | None
    note: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """A call that changes nothing and shows that the keys work.

    In every text, `{NAME}` stands for the value of the service's variable NAME.

    Attributes:
        method: GET or POST.
        url: where to; never with a secret in it, because addresses are logged.
        headers: headers to send.
        basic: user name and password of basic authentication.
        form: fields of a form.
        json: a document to send.
        signature: what else has to be computed from the keys, in words; such a call is not made of
            texts alone.
        why_post: why a POST changes nothing.
        expects: how the answer shows that the keys work.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    basic: tuple[str, str] | None
    form: Mapping[str, str]
    json: Mapping[str, object]
    signature: str | None
    why_post: str | None
    expects: str


@dataclass(frozen=True, kw_only=True)
class Integration:
    """An outside service.

    Attributes:
        id: what stacks choose it by.
        name: what people call it.
        category: id of its category.
        purpose: what it is for here.
        chosen: whether it was chosen here, because the infrastructure report names none.
        docs: the vendor's documentation.
        criticality: what it means if its key is missing.
        smallest_set: the smallest set that it is in; it is in the larger ones too.
        consumed_by: what uses it.
        variables: all that it needs to work.
        credential: how workflows get its keys in n8n; None if they do not.
        no_credential: why they do not, though workers use it.
        egress: what its consumers connect to.
        data: ids of the categories of data that it is sent.
        regions: where it processes them.
        processor: legal name of who does, for the register of processors; None if nobody outside.
        rotation: how its keys are replaced; None if it has no secret of its own.
        check: the call that shows that the keys work, if there is one.
        no_check: why there is none.
        verified: aspects that were looked up, and where.
        not_verified: what was not, and why.
    """

    id: str
    name: str
    category: str
    purpose: str
    chosen: bool
    docs: str
    criticality: Criticality
    smallest_set: SetName
    consumed_by: tuple[Consumer, ...]
    variables: tuple[Variable, ...]
    credential: Credential | None
    no_credential: str | None
    egress: tuple[Egress, ...]
    data: tuple[str, ...]
    regions: Regions
    processor: str | None
    rotation: Rotation | None
    check: Check | None
    no_check: str | None
    verified: Mapping[Aspect, str]
    not_verified: str | None

    @property
    def sets(self) -> tuple[SetName, ...]:
        """The sets that it is in."""
        return tuple(each for each in SetName if each.size >= self.smallest_set.size)

    @property
    def own_variables(self) -> tuple[Variable, ...]:
        """Its variables without those that belong to another service."""
        return tuple(each for each in self.variables if each.shared_with is None)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All services.

    Attributes:
        categories: the groups, in the order in which people read them.
        data_categories: the kinds of data that are sent.
        integrations: the services, in the order of their groups.
    """

    categories: tuple[Category, ...]
    data_categories: tuple[DataCategory, ...]
    integrations: tuple[Integration, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Integration]:
        """The services by their ids."""
        return {each.id: each for each in self.integrations}

    def is_sent_personal_data(self, integration: Integration) -> bool:
        """Whether personal data is among what a service is sent."""
        personal = {each.id for each in self.data_categories if each.personal}
        return not personal.isdisjoint(integration.data)

    def of_category(self, category: Category) -> tuple[Integration, ...]:
        """The services of a category."""
        return tuple(each for each in self.integrations if each.category == category.id)
