"""Instants and durations as they are read and written, in JSON and from Python."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from waybond_contracts.errors import contract_error
from waybond_contracts.fields import Duration, Instant, Model
from waybond_contracts.times import EXPECTED_DURATION, EXPECTED_INSTANT, MAX_DURATION

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Timed(Model):
    at: Instant | None = None
    after: Duration | None = None


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T12:00:00Z",
        "2026-01-05T12:00:00.000000Z",
        "2026-01-05T12:00:00+00:00",
        "2026-01-05T09:00:00-03:00",
        "2026-01-05T17:45:00+05:45",
        "2026-01-05 12:00:00Z",
        "2026-01-05t12:00:00z",
    ],
)
def test_an_instant_is_read_and_kept_in_utc(text: str) -> None:
    at = Timed.model_validate_json(f'{{"at": "{text}"}}').at
    assert at == NOON
    assert at is not None
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-01-05T12:00:00",
            "2026-01-05T12:00Z",
            "2026-01-05",
            "12:00:00Z",
            "20260105T120000Z",
            "2026-W02-1T12:00:00Z",
        ),
        *("2026-13-01T00:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T12:00:60Z", "2026-01-05T12:00:00+25:00"),
        *("1767614400", "now", "", "2026-01-05T12:00:00Z\\n", "\\u0662026-01-05T12:00:00Z"),
    ],
)
def test_what_is_no_instant_with_its_offset_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as error:
        Timed.model_validate_json(f'{{"at": "{text}"}}')
    assert contract_error(error.value).expected == EXPECTED_INSTANT


def test_python_gives_aware_datetimes_alone() -> None:
    for zone in (UTC, timezone(timedelta(hours=-3)), ZoneInfo("America/Sao_Paulo")):
        at = Timed(at=NOON.astimezone(zone)).at
        assert at == NOON
        assert at is not None
        assert at.tzinfo is UTC
    for wrong in (datetime(2026, 1, 5, 12), datetime(1999, 1, 1, tzinfo=UTC), "2026-01-05T12:00:00Z", 1767614400):  # noqa: DTZ001 (a date without a zone is what must be refused)
        with pytest.raises(ValidationError):
            Timed(at=wrong)  # pyright: ignore[reportArgumentType] (what a careless caller passes)


def test_an_instant_is_written_in_utc_with_its_microseconds() -> None:
    assert Timed(at=NOON).model_dump_json(exclude_none=True) == '{"at":"2026-01-05T12:00:00Z"}'
    late = Timed(at=NOON + timedelta(microseconds=5))
    assert late.model_dump_json(exclude_none=True) == '{"at":"2026-01-05T12:00:00.000005Z"}'


@pytest.mark.parametrize(
    ("text", "duration", "written"),
    [
        ("P29D", timedelta(days=29), "P29D"),
        ("PT48H", timedelta(hours=48), "P2D"),
        ("P1DT12H", timedelta(hours=36), "P1DT12H"),
        ("P2W", timedelta(days=14), "P14D"),
        ("PT90M", timedelta(minutes=90), "P0DT1H30M"),
        ("PT1H2M3S", timedelta(hours=1, minutes=2, seconds=3), "P0DT1H2M3S"),
        ("PT0S", timedelta(0), "P0D"),
        ("P400D", timedelta(days=400), "P400D"),
        ("P3650D", MAX_DURATION, "P3650D"),
    ],
)
def test_a_duration_is_read_and_written_in_units_of_fixed_length(text: str, duration: timedelta, written: str) -> None:
    timed = Timed.model_validate_json(f'{{"after": "{text}"}}')
    assert timed.after == duration
    assert timed.model_dump_json(exclude_none=True) == f'{{"after":"{written}"}}'
    assert Timed.model_validate_json(timed.model_dump_json()) == Timed(after=duration)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "P1M",
            "P1Y",
            "P1Y35D",
            "P1Y2M",
            "P1M1D",
            "P",
            "PT",
            "P1DT",
            "P-1D",
            "-P1D",
            "+P1D",
            "p29d",
            "P1.5D",
            "PT0.5S",
        ),
        *("29", "7", "29 days", "00:10", "P1W2D", "P3651D", "P99999D", "P999999999999D", "P1D\\n", ""),
    ],
)
def test_what_is_no_duration_of_fixed_length_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as error:
        Timed.model_validate_json(f'{{"after": "{text}"}}')
    assert contract_error(error.value).expected == EXPECTED_DURATION


@pytest.mark.parametrize("wrong", [7, 7.0, True, timedelta(days=-1), timedelta(days=3651), timedelta(microseconds=1)])
def test_python_gives_durations_alone(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Timed(after=wrong)  # pyright: ignore[reportArgumentType] (what a careless caller passes)
