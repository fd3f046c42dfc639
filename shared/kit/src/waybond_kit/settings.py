"""A service's settings, from the environment: each with a default that works locally, and an error that names it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from waybond_kit.errors import StartError

PREFIX = "WAYBOND_"
MIN_SESSION_SECONDS = 6.0
"""The broker's own bound (group.min.session.timeout.ms) as it is delivered: below it, no member is let in."""

TRANSACTION_SHARE = 0.8
"""Of session_seconds."""
MAX_PORT = 65_535
_ADDRESSES = r"^[^\s,:]+:[0-9]{1,5}(,[^\s,:]+:[0-9]{1,5})*$"
"""host:port, comma between."""

Made = TypeVar("Made", bound="Settings")


class Settings(BaseSettings):
    """What every service can be told; a service with settings of its own derives from it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    kafka: Annotated[str, Field(pattern=_ADDRESSES)] = "127.0.0.1:9092"
    """Addresses of brokers, host:port, comma between."""
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca: FilePath | None = None
    """Certificates that the brokers' are signed with; the system's, if not given."""
    topic_prefix: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]*$")] = ""
    """Put before every topic and group: several installations on one Kafka."""
    database: SecretStr = SecretStr("postgresql://waybond@127.0.0.1:5432/waybond")
    """The DSN of the service's own role."""
    database_connections: Annotated[int, Field(ge=2, le=100)] = 6
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=MAX_PORT)] = 8080
    """0: a free one, which is logged."""
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None = None
    """A name for this process that a restart keeps: the group then waits a session for it instead of moving shards.
    Without it the process leaves the group when it stops."""
    replay: bool = False
    """History is replayed: every topic carries its own time."""
    session_seconds: Annotated[float, Field(le=1_800)] = 10.0
    """After so long without a heartbeat the group gives a process's shards to others; brokers take 1,800 at most."""
    idle_in_transaction_seconds: Annotated[float, Field(ge=0.1)] = 5.0
    """After so long PostgreSQL ends the transaction of a process that was paused in it; below session_seconds."""
    batch_records: Annotated[int, Field(ge=1, le=5_000)] = 500
    batch_shards: Annotated[int, Field(ge=1, le=64)] = 8
    """How many shards with little to do share a transaction; 1 where tables are distributed over servers."""
    batch_workers: Annotated[int, Field(ge=1, le=32)] = 2
    """How many transactions run side by side."""
    clock_allowance_seconds: Annotated[float, Field(ge=0, le=3_600)] = 60.0
    """How far the clocks of brokers and services may differ: wakes come so much later."""
    probe_seconds: Annotated[float, Field(ge=0.1, le=3_600)] = 1.0
    """How often the ends of topics of others are asked for."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("kafka")
    @classmethod
    def _has_ports(cls, given: str) -> str:
        if not all(1 <= int(address.rpartition(":")[2]) <= MAX_PORT for address in given.split(",")):
            raise ValueError(f"must have ports from 1 to {MAX_PORT}")
        return given

    @field_validator("database")
    @classmethod
    def _is_a_dsn(cls, given: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(given.get_secret_value())
            right = parts.scheme in ("postgresql", "postgres") and (parts.port is None or parts.port > 0)
        except ValueError:  # a port that is no number
            right = False
        if not right:
            raise ValueError("must be a DSN such as postgresql://role:password@host:5432/database")
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.session_seconds < MIN_SESSION_SECONDS:
            raise ValueError(f"{PREFIX}SESSION_SECONDS must be at least {MIN_SESSION_SECONDS}")
        if self.idle_in_transaction_seconds >= self.session_seconds:
            raise ValueError(
                f"{PREFIX}IDLE_IN_TRANSACTION_SECONDS must be below {PREFIX}SESSION_SECONDS ({self.session_seconds}): "
                "a paused process would hold the lock of a shard that has moved"
            )
        if self.kafka_security.startswith("SASL") and (self.kafka_user is None or self.kafka_password is None):
            raise ValueError(f"{PREFIX}KAFKA_USER and {PREFIX}KAFKA_PASSWORD are needed with {self.kafka_security}")
        return self

    @property
    def transaction_seconds(self) -> float:
        """No transaction of a batch or a takeover lasts longer: PostgreSQL has ended that of a frozen process when the
        group gives its shards to others."""
        return TRANSACTION_SHARE * self.session_seconds

    @property
    def clock_allowance(self) -> timedelta:
        return timedelta(seconds=self.clock_allowance_seconds)


def load(kind: type[Made], given: Mapping[str, Any] | None = None) -> Made:
    """The settings from the environment, over them what is `given`; raises StartError naming each that is wrong."""
    try:
        return kind(**(given or {}))
    except ValidationError as error:
        wrong = [f"{_name(each['loc'])}{each['msg']}" for each in error.errors(include_url=False, include_input=False)]
        raise StartError("settings: " + "; ".join(wrong)) from None


def _name(location: tuple[int | str, ...]) -> str:
    return f"{PREFIX}{str(location[0]).upper()}: " if location else ""
