"""How instants and durations are read and written: RFC 3339 with an offset, ISO 8601 in units of fixed length."""

from datetime import UTC, datetime, timedelta

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from waybond_contracts.errors import ContractError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_DURATION = timedelta(days=3_650)
EXPECTED_INSTANT = "an RFC 3339 instant with its offset, such as 2026-01-05T14:02:11Z, from 2000 up to 2100"
EXPECTED_DURATION = "an ISO 8601 duration in weeks, days, hours, minutes or seconds (P29D, PT48H) of at most 3650 days"

# Hours up to 23: whether 24:00:00 is read depends on the version of Python.
_CLOCK = r"([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}"
_PLAIN_INSTANT = rf"^20[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}(\.[0-9]{{1,6}})?Z$"
# A bare number is refused: nobody can tell seconds from milliseconds.
_ANY_INSTANT = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]{_CLOCK}(\.[0-9]{{1,9}})?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$"
_TIME = r"T([0-9]{1,6}H([0-9]{1,6}M)?([0-9]{1,6}S)?|[0-9]{1,6}M([0-9]{1,6}S)?|[0-9]{1,6}S)"
_DURATION = rf"^P([0-9]{{1,4}}W|[0-9]{{1,5}}D({_TIME})?|{_TIME})$"


class InstantSchema:
    """An aware datetime in UTC, between EARLIEST and LATEST.

    Nearly all instants are written "2026-01-05T14:02:11Z": those take a path of their own that runs no Python but the
    C function `datetime.fromisoformat`, in less than half the time; an event of tracking carries up to 17 of them.
    """

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        given = core_schema.datetime_schema(ge=EARLIEST, lt=LATEST, tz_constraint="aware")
        parsed = core_schema.datetime_schema(ge=EARLIEST, lt=LATEST, tz_constraint="aware", strict=False)
        from_text = core_schema.no_info_plain_validator_function(datetime.fromisoformat)
        plain = core_schema.chain_schema([core_schema.str_schema(pattern=_PLAIN_INSTANT, strict=True), from_text])
        written = core_schema.chain_schema([core_schema.str_schema(pattern=_ANY_INSTANT, strict=True), parsed])
        either = core_schema.union_schema(
            [plain, core_schema.no_info_after_validator_function(_utc, written)], mode="left_to_right"
        )
        return core_schema.json_or_python_schema(
            core_schema.custom_error_schema(either, custom_error_type="instant", custom_error_message=EXPECTED_INSTANT),
            core_schema.no_info_after_validator_function(_utc, given),
            serialization=core_schema.simple_ser_schema("datetime"),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        return {"type": "string", "format": "date-time", "description": "An instant with its offset, kept in UTC."}


class DurationSchema:
    """A timedelta from zero to MAX_DURATION, in whole seconds; a day is 24 hours.

    Months and years have no fixed length, and 7 could be days or seconds: neither is accepted, in JSON or in TOML.
    """

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        bounded = core_schema.timedelta_schema(ge=timedelta(0), le=MAX_DURATION, strict=False)
        written = core_schema.chain_schema([core_schema.str_schema(pattern=_DURATION, strict=True), bounded])
        given = core_schema.chain_schema([core_schema.is_instance_schema(timedelta), bounded])
        either = core_schema.union_schema(
            [core_schema.no_info_after_validator_function(_whole, given), written], mode="left_to_right"
        )
        return core_schema.json_or_python_schema(
            _expected_duration(written),
            _expected_duration(either),
            serialization=core_schema.plain_serializer_function_ser_schema(
                iso8601, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        return {"type": "string", "pattern": _DURATION, "description": "A duration; a day is 24 hours."}


def iso8601(duration: timedelta) -> str:
    """ "P29D", "P1DT12H": never in years, as pydantic writes 400 days (P1Y35D), since a year has no fixed length."""
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    return f"P{duration.days}D" + (f"T{time}" if time else "")


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _whole(duration: timedelta) -> timedelta:
    if duration.microseconds:
        raise ContractError("", "whole seconds", str(duration))
    return duration


def _expected_duration(schema: core_schema.CoreSchema) -> core_schema.CoreSchema:
    return core_schema.custom_error_schema(schema, custom_error_type="duration", custom_error_message=EXPECTED_DURATION)
