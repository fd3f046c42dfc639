"""What the buyer is told, in all four languages: what happened, what is paid, when it arrives.

The sentences are data (texts/*.toml); Babel says how a language writes amounts and dates.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency

from waybond_claims.adjudication.found import Found
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.money import Command
from waybond_claims.case.state import Case
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import net_paid
from waybond_claims.events import money, notice
from waybond_contracts.claims import BuyerNotified, Notice
from waybond_contracts.money import Money, exponent_of
from waybond_contracts.orders import Language

DATES_KEPT = 4_096
APPROVALS_KEPT = 1_024

Texts = Mapping[str, Mapping[str, str]]


def _read(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((files("waybond_claims") / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


TEXTS: Mapping[Language, Texts] = {language: _read(language.value) for language in Language}
LOCALES: Mapping[Language, str] = {language: str(TEXTS[language]["locale"]) for language in Language}
ARRIVES_WITHIN: Mapping[str, timedelta] = {
    pays: timedelta(days=int(days)) for pays, days in _read("arrival").items() if isinstance(days, int)
}


# notices


def approved(draft: Draft, command: Command, best: tuple[Found, ...]) -> None:
    """Money was commanded, for what `best` found."""
    case = draft.case
    arrives = draft.sent_at + ARRIVES_WITHIN[command.pays]
    peril = best[0].rule.clause.peril.value if best else "other"
    happened_at = (best[0].fact_at if best else None) or draft.now
    order_id, currency, where = _order(case)
    happened_on, arrives_on = happened_at.astimezone(where).date(), arrives.astimezone(where).date()
    total = net_paid(case)
    texts: list[Notice] = []
    for form in _approvals(peril, command.pays, happened_on, arrives_on):
        body = form.body.replace("{amount}", spelled(command.minor, currency, form.locale))
        if total > command.minor:
            body += form.in_all.replace("{total}", spelled(total, currency, form.locale))
        # The order's id comes last: it is the platform's own text, and nothing may be filled in there.
        subject, body = form.subject.replace("{order}", order_id), body.replace("{order}", order_id)
        texts.append(notice(form.language, subject, body))
    _tell(draft, "approved", texts, amount=money(case, command.minor), expected_by=arrives)


class _Approval(NamedTuple):
    """What one language says of every refund for the same peril on the same days: order and amounts are left open."""

    language: Language
    locale: str
    subject: str
    body: str
    in_all: str
    """What is added if it was not the first payment."""


@lru_cache(APPROVALS_KEPT)
def _approvals(peril: str, pays: str, happened_on: date, arrives_on: date) -> tuple[_Approval, ...]:
    forms: list[_Approval] = []
    for language, locale in LOCALES.items():
        text = TEXTS[language]
        happened = text["happened"].get(peril, text["happened"]["other"])
        body = text["approved"][pays].replace("{happened}", happened)
        body = body.replace("{date}", _day(happened_on, locale)).replace("{arrives}", _day(arrives_on, locale))
        space = "" if language is Language.ZH else " "
        forms.append(_Approval(language, locale, text["approved"]["subject"], body, space + text["approved"]["in_all"]))
    return tuple(forms)


def denied(draft: Draft, dispute: Dispute) -> None:
    """A complaint was answered; card schemes and wallets are answered by the event alone."""
    if dispute.source not in ("buyer", "platform"):
        return
    case = draft.case
    paid_minor = net_paid(case)
    about = dispute.answer
    variant = "body"
    if about == "too_early" and dispute.eligible_at is None:
        variant = "undated"
    elif about == "already_paid" and not paid_minor:
        variant = "elsewhere"
    texts: list[Notice] = []
    for said in _languages(case, dispute.eligible_at or draft.now):
        text = TEXTS[said.language]
        body = text[about][variant].format(
            order=said.order,
            date=said.day(0),
            amount=said.amount(paid_minor),
        )
        texts.append(notice(said.language, text[about]["subject"].format(order=said.order), body))
    _tell(draft, about, texts)


def refund_delayed(draft: Draft, minor: int) -> None:
    """A refund that the buyer was told of did not get through."""
    texts: list[Notice] = []
    for said in _languages(draft.case):
        text = TEXTS[said.language]["refund_delayed"]
        body = text["body"].format(order=said.order, amount=said.amount(minor))
        texts.append(notice(said.language, text["subject"], body))
    _tell(draft, "refund_delayed", texts)


def refund_withdrawn(draft: Draft, command: Command) -> None:
    """The money that the buyer was told of does not come: nothing is owed any more, or it came by another way."""
    case = draft.case
    variant = "elsewhere" if elsewhere(case) else "body"
    texts: list[Notice] = []
    for said in _languages(case):
        text = TEXTS[said.language]["refund_withdrawn"]
        body = text[variant].format(order=said.order, amount=said.amount(command.minor))
        texts.append(notice(said.language, text["subject"].format(order=said.order), body))
    _tell(draft, "refund_withdrawn", texts)
    draft.change(withdrawn=len(case.commands))


def _tell(
    draft: Draft, about: str, texts: list[Notice], *, amount: Money | None = None, expected_by: datetime | None = None
) -> None:
    case = draft.case
    order = case.order
    fields = {
        "version": case.version,
        "notice_id": named(case.claim_id, f"notice/{case.notices}"),
        "about": about,
        "language": Language(order.language) if order is not None else Language.EN,
        "texts": tuple(texts),
        "amount": amount,
        "expected_by": expected_by,
        "ordinal": case.notices,
    }
    draft.publish(BuyerNotified, fields)
    draft.change(notices=case.notices + 1)


# amounts and dates as a language writes them


class _Said(NamedTuple):
    """The values of a case as one language writes them; `days` where the buyer lives."""

    language: Language
    locale: str
    order: str
    currency: str
    days: tuple[date, ...]

    def amount(self, minor: int) -> str:
        return spelled(minor, self.currency, self.locale) if self.currency else ""

    def day(self, index: int) -> str:
        return _day(self.days[index], self.locale)


def _languages(case: Case, *instants: datetime) -> list[_Said]:
    order_id, currency, where = _order(case)
    days = tuple([instant.astimezone(where).date() for instant in instants])
    return [_Said(language, locale, order_id, currency, days) for language, locale in LOCALES.items()]


def _order(case: Case) -> tuple[str, str, ZoneInfo]:
    """The order's id, its currency, and the time zone where the buyer lives."""
    order_id = case.order_key.rpartition("/")[2]
    order = case.order
    return (order_id, order.currency, zone(order.time_zone)) if order is not None else (order_id, "", zone("UTC"))


@lru_cache(512)
def zone(name: str) -> ZoneInfo:
    """The buyer's time zone; UTC where the platform's name for it is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


@lru_cache(DATES_KEPT)
def _day(day: date, locale: str) -> str:
    return format_date(day, "long", locale=locale)


def spelled(minor: int, currency: str, locale: str) -> str:
    """An amount of zero or more as the locale writes it.

    Babel formats a sample once for each currency and locale: formatting each amount with it takes as long as deciding
    the claim.
    """
    before, group, point, after, exponent, unit = _pattern(currency, locale)
    whole, part = divmod(minor, unit)
    text = str(whole) if whole < 1_000 else f"{whole:,}".replace(",", group)
    return f"{before}{text}{point}{part:0{exponent}}{after}" if exponent else f"{before}{text}{after}"


@lru_cache(1_024)
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
