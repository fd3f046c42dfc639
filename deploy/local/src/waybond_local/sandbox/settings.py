"""Settings of the payment sandbox, read from the environment (WAYBOND_...)."""

from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from waybond_local.sandbox.plan import Odds

PREFIX = "WAYBOND_"


class Settings(BaseSettings):
    """Each has a default that works locally but for the addresses, which have none."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_nested_delimiter="__")

    kafka: str
    """Bootstrap addresses, host:port."""
    database: SecretStr
    """DSN of the sandbox's own role, which sees the sandbox's own schema alone."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8090, ge=1, le=65535)
    replay: bool = False
    """Time is what Progress records say, not the wall clock."""
    topic_prefix: str = ""
    sandbox_seed: str = "waybond"
    sandbox_odds: Odds = Odds()
    """Weights of the fates, one each: WAYBOND_SANDBOX_ODDS__SILENT=0."""
    sandbox_live_seconds_per_hour: float = Field(default=1.0, gt=0)
    """How long an hour of the plan takes where time is the wall clock."""
    sandbox_look_ahead_hours: int = Field(default=24, ge=1, le=24)
    """How far beyond the commands' own progress the answers' progress reaches in a replay: nothing that claims does
    because of an answer, or of its absence, is due earlier than 24 hours after the command."""
    sandbox_batch_records: int = Field(default=2_000, ge=1, le=20_000)
    sandbox_poll_milliseconds: int = Field(default=200, ge=1)
    """How long it waits for commands before it looks at what fell due."""

    @property
    def look_ahead(self) -> timedelta:
        return timedelta(hours=self.sandbox_look_ahead_hours)
