"""Claims' settings: the kit's and its own."""

from pydantic import SecretStr, field_validator

from waybond_claims.service.links import LinkKeys
from waybond_kit.settings import Settings


class ClaimsSettings(Settings):
    """The kit's settings and claims' own."""

    status_keys: SecretStr | None = None
    """The keys that sign buyers' links, "id:hex,id:hex", the current one first. Without any, no links are made."""

    @field_validator("status_keys")
    @classmethod
    def _readable(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            LinkKeys.parse(keys.get_secret_value())
        return keys


def keys_of(settings: Settings) -> LinkKeys:
    """The keys that sign links, none where the settings have none."""
    keys = settings.status_keys if isinstance(settings, ClaimsSettings) else None
    return LinkKeys.parse(keys.get_secret_value()) if keys is not None else LinkKeys.none()
