"""Settings of the jobs that answer people who ask for their data, or for its erasure."""

from typing import Annotated

from pydantic import Field

from settings.types import Area, Name, Quantity

Daily = Annotated[str, Field(pattern=r"^[0-5]?\d ([01]?\d|2[0-3]) \* \* \*$")]
"""A schedule of cron that is once a day: minute, hour, and three stars. Alerts count on it."""


class DataSubjectsSettings(Area):
    """Jobs that find a person's data in n8n's executions: one hands it out, one deletes it.

    GDPR Art. 15, 17 and 20. They do nothing until somebody writes a request.
    """

    enabled: bool = Field(
        default=False,
        description="Have the jobs. Needed before the first environment with people's data; the "
        "condition `data-subjects-have-jobs` of both policy packs says so.",
    )
    requests_secret: Name = Field(
        default="data-subject-requests",
        description="Secret with a key for each request, `erasure-NUMBER` or `export-NUMBER`, and "
        "what the person is known by, one on a line. Somebody writes it for each request; it may "
        "be missing. An erasure stays in it as long as backups with the data are kept.",
    )
    export_schedule: Daily = Field(
        default="10 1 * * *",
        description="When requests for data are answered, as cron writes it, in `n8n.timezone`. "
        "Before erasures: who asks for both gets both.",
    )
    erasure_schedule: Daily = Field(
        default="10 2 * * *", description="When data is erased. Every day: a month is the most."
    )
    maximum_executions: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="An erasure that finds more than this deletes nothing and fails: an "
        "identifier such as the company's own domain is in everybody's data.",
    )
    export_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Days after which an answer is deleted: somebody has to fetch it, check that "
        "it is about nobody else, and send it.",
    )
    export_storage: Quantity = Field(
        default="2Gi", description="Size of the volume with the answers."
    )
