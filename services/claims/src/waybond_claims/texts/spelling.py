"""How a language writes amounts, days, times, counts and lists: Babel says it, by the CLDR."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_time, get_datetime_format, get_timezone_gmt
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from waybond_contracts.money import exponent_of

DATES_KEPT = 4_096
ZONES_KEPT = 512
PATTERNS_KEPT = 1_024


@lru_cache(ZONES_KEPT)
def zone(name: str) -> ZoneInfo:
    """The buyer's time zone; UTC where the platform's name for it is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


@lru_cache(DATES_KEPT)
def day(of: date, locale: str) -> str:
    """A day: January 28, 2026."""
    return format_date(of, "long", locale=locale)


def moment(at: datetime, locale: str) -> str:
    """A day and a time, with what its time zone is off Greenwich: January 28, 2026, 5:05 PM (GMT-03:00).

    `at` is in the buyer's time zone. The time is to the minute, and never later than `at`.
    """
    pattern = str(get_datetime_format("long", locale)).replace("'", "")
    written = pattern.replace("{0}", format_time(at, "short", locale=locale)).replace("{1}", day(at.date(), locale))
    return f"{written} ({get_timezone_gmt(at, 'long', locale)})"


def counted(number: int, forms: Mapping[str, str], locale: str) -> str:
    """So many of something; `forms` by the plurals that the language has: "1 day", "2 days"."""
    form = forms.get(Locale.parse(locale).plural_form(number), forms["other"])
    return form.replace("{n}", format_decimal(number, locale=locale))


def listed(words: Sequence[str], locale: str) -> str:
    """Some words as a list: a photo, an invoice, and a receipt."""
    return format_list(words, locale=locale)


def either(words: Sequence[str], locale: str) -> str:
    """Some words of which one is meant: a photo or a video."""
    return format_list(words, "or", locale=locale)


def amount(minor: int, currency: str, locale: str) -> str:
    """An amount of zero or more as the locale writes it.

    Babel formats a sample once for each currency and locale: formatting each amount with it takes as long as deciding
    the claim.
    """
    before, group, point, after, exponent, unit = _pattern(currency, locale)
    whole, part = divmod(minor, unit)
    text = str(whole) if whole < 1_000 else f"{whole:,}".replace(",", group)
    return f"{before}{text}{point}{part:0{exponent}}{after}" if exponent else f"{before}{text}{after}"


@lru_cache(PATTERNS_KEPT)
def _pattern(currency: str, locale: str) -> tuple[str, str, str, str, int, int]:
    """What a locale writes before an amount, between thousands, before the decimals, and after it; then the number of
    decimals and how many minor units make one.

    The number of decimals is ISO 4217's: Babel's own differs for some currencies and would hide money.
    """
    exponent = exponent_of(currency)
    standard = Locale.parse(locale).currency_formats["standard"].pattern
    exact = standard.replace("0.00", f"0.{'0' * exponent}" if exponent else "0")
    ones = Decimal("1" * (4 + exponent)).scaleb(-exponent)
    sample = format_currency(ones, currency, format=exact, locale=locale, currency_digits=False)
    first, last = sample.index("1"), sample.rindex("1")
    digits = sample[first : last + 1]
    return sample[:first], digits[1], digits[5:6], sample[last + 1 :], exponent, 10**exponent
