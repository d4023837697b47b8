"""What lets workflows use the keys of outside services without seeing them.

n8n fills empty fields of credentials from a file, whose content External Secrets makes of the keys
(integrations/overwrites.py): they are in no workflow, no manifest and not in n8n's database.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, pods
from components.base import Component, digest, labels
from components.secrets.integrations import OVERWRITES
from integrations import credential_types
from settings import Settings

_OVERWRITES = "/etc/n8n/credentials"
_TYPES = "/etc/n8n/credential-types"


class Credentials(Component):
    """The file of keys, and the types of credentials that n8n has not itself.

    Attributes:
        variables: what n8n is told of them.
        files: the volumes that they are in, and where n8n sees them.
    """

    area = "n8n"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self.variables: dict[str, pulumi.Input[str]] = {
            "CREDENTIALS_OVERWRITE_DATA_FILE": f"{_OVERWRITES}/{OVERWRITES}"
        }
        self.files = [
            pods.secret_files(
                "credentials", settings.secrets.credentials_secret, _OVERWRITES, keys=(OVERWRITES,)
            )
        ]
        types = credential_types.files(settings.integrations.selection.integrations)
        if types:
            self.variables["N8N_CUSTOM_EXTENSIONS"] = _TYPES
            self.files.append(self._create_types(types))
        self.register_outputs({})

    def _create_types(
        self, types: dict[str, str]
    ) -> tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]:
        configuration = kubernetes.core.v1.ConfigMap(
            "credential-types",
            # Named after its content: n8n reads it when it starts, so other types roll the pods.
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=f"n8n-credential-types-{digest(types)}",
                namespace=self._settings.platform.namespace,
                labels={
                    **labels("credentials"),
                    **governance.owner(self._settings.governance),
                },
            ),
            data=types,
            immutable=True,
            opts=self.child_options(),
        )
        volume = kubernetes.core.v1.VolumeArgs(
            name="credential-types",
            config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(
                name=configuration.metadata.name
            ),
        )
        mount = kubernetes.core.v1.VolumeMountArgs(
            name="credential-types", mount_path=_TYPES, read_only=True
        )
        return volume, mount
