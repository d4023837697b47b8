"""All settings of one environment."""

from pydantic import Field

from settings.ai import AiSettings
from settings.aws import AwsSettings
from settings.backup import BackupSettings
from settings.data import DatabaseSettings, RedisSettings
from settings.data_subjects import DataSubjectsSettings
from settings.governance import GovernanceSettings
from settings.integrations import IntegrationsSettings
from settings.monitoring import MonitoringSettings
from settings.n8n import MainSettings, N8nSettings, WebhookSettings, WorkerSettings
from settings.platform import PlatformSettings, RoutingSettings
from settings.secrets import EscSettings, SecretsSettings
from settings.types import Area


class Settings(Area):
    """One environment: each field is a configuration key of its stack, an object of settings."""

    platform: PlatformSettings = Field(default_factory=PlatformSettings)
    governance: GovernanceSettings = Field(default_factory=GovernanceSettings)
    n8n: N8nSettings = Field(default_factory=N8nSettings, alias="n8n")
    main: MainSettings = Field(default_factory=MainSettings)
    webhook: WebhookSettings = Field(default_factory=WebhookSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    secrets: SecretsSettings = Field(default_factory=SecretsSettings)
    esc: EscSettings = Field(default_factory=EscSettings)
    integrations: IntegrationsSettings = Field(default_factory=IntegrationsSettings)
    ai: AiSettings = Field(default_factory=AiSettings)
    routing: RoutingSettings = Field(default_factory=RoutingSettings)
    monitoring: MonitoringSettings = Field(default_factory=MonitoringSettings)
    data_subjects: DataSubjectsSettings = Field(default_factory=DataSubjectsSettings)
    backup: BackupSettings = Field(default_factory=BackupSettings)
    aws: AwsSettings | None = None

    @property
    def works(self) -> bool:
        """Whether this environment works; else it waits until another region is lost."""
        return self.aws is None or self.aws.role == "primary"
