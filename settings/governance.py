"""Settings of who answers for an environment, and of what its data is."""

from typing import Annotated, Literal

from pydantic import Field

from settings.types import Area

LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
"""A value of a Kubernetes label, which may be empty."""


class GovernanceSettings(Area):
    """Who answers for the environment and its data, as labels that the policy packs ask for."""

    owner: LabelValue = Field(
        default="", description="Team or role that answers for the environment and its data."
    )
    change: str = Field(
        default="",
        description="What asked for this state: a commit or a ticket. Left out: the environment "
        "variable N8N_PLATFORM_CHANGE, which `make` sets to the commit.",
    )
    purpose: LabelValue = Field(
        default="workflow-automation",
        description="Name of the activity in the records of processing activities, GDPR Art. 30.",
    )
    lawful_basis: Literal[
        "",
        "consent",
        "contract",
        "legal-obligation",
        "vital-interests",
        "public-task",
        "legitimate-interests",
    ] = Field(
        default="",
        description="Why personal data may be processed, GDPR Art. 6(1). Nobody can choose it but "
        "the organisation: it has no default.",
    )
