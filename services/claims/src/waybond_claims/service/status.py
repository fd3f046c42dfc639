"""What a buyer may see of an order: what was told, what is paid and how far each refund is, in one language.

Nothing here is about a person: no question to adjusters, no note, no finding, no explanation, no name or address.
"""

from collections.abc import Iterable
from datetime import datetime

from waybond_claims.case.money import Command
from waybond_claims.case.notified import Told
from waybond_claims.case.state import Case
from waybond_claims.events import money
from waybond_claims.notices.rendered import readable, texts
from waybond_claims.service.shown import Shown
from waybond_contracts.money import Money
from waybond_contracts.orders import Language

MAX_ACCEPTED = 16
"""How many languages of a request are looked at."""
_BY_CODE = {language.value: language for language in Language}


class ToldNotice(Shown):
    """A notice that the buyer got."""

    told_at: datetime
    about: str
    """As BuyerNotified has it."""
    subject: str
    body: str
    amount: Money | None
    """What it is about, if about money."""


class BuyerRefund(Shown):
    """A refund or credit, and how far it is."""

    amount: Money
    paid: Money
    """What of it was paid."""
    pays: str
    """refund (to the means of payment) or credit. More words may come."""
    status: str
    """on_its_way, paid, delayed (it did not get through, and is looked into), or withdrawn."""
    requested_at: datetime


class BuyerStatus(Shown):
    """An order as its buyer may see it; amounts are in the currency that the buyer paid."""

    order_id: str
    language: Language
    """Of the notices."""
    status: str
    """covered, not_covered, deciding, paying, paid, or decided: answered, and nothing is to be paid. More words may
    come."""
    order_total: Money | None
    refunded: Money | None
    """What was paid to the buyer in all, less what was given back."""
    on_its_way: Money | None
    refunds: tuple[BuyerRefund, ...]
    notices: tuple[ToldNotice, ...]
    """What was told, the first notice first; of very many the last ones."""
    next_at: datetime | None
    """The next day or time that the last notice names: by when money comes, an answer is due, or something is to do."""


def status_of(case: Case, language: Language, now: datetime) -> BuyerStatus:
    """What the buyer may see at `now`."""
    order = case.order
    flight = case.in_flight
    return BuyerStatus(
        order_id=case.order_key.rpartition("/")[2],
        language=language,
        status=_word(case),
        order_total=money(case, case.total) if order is not None else None,
        refunded=money(case, case.settled - case.recovered) if order is not None else None,
        on_its_way=money(case, flight.minor if flight is not None else 0) if order is not None else None,
        refunds=tuple([_refund(case, each) for each in case.last_attempts]),
        notices=tuple([_notice(case, each, language) for each in case.told if readable(each)]),
        next_at=_next(case.told, now),
    )


def language_of(asked: str, accepted: str, case: Case) -> Language:
    """The language of the answer: the one that is `asked` for, else the best that the header Accept-Language names,
    else the buyer's, else English. What cannot be read counts as not said."""
    chosen = _known(asked)
    if chosen is not None:
        return chosen
    for tag in _by_preference(accepted):
        chosen = _known(tag)
        if chosen is not None:
            return chosen
    return _BY_CODE.get(case.order.language, Language.EN) if case.order is not None else Language.EN


def _known(tag: str) -> Language | None:
    return _BY_CODE.get(tag.strip().replace("_", "-").partition("-")[0].lower())


def _by_preference(accepted: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for entry in accepted.split(",", MAX_ACCEPTED)[:MAX_ACCEPTED]:
        tag, _, weight = entry.partition(";")
        _, _, number = weight.partition("=")
        try:
            quality = float(number) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            weighed.append((-quality, tag))
    return [tag for _, tag in sorted(weighed, key=lambda each: each[0])]


def _word(case: Case) -> str:
    if case.in_flight is not None:
        return "paying"
    unanswered = any(not each.over and not each.answer for each in case.disputes if each.opened_at is not None)
    if case.unpaid > 0 or unanswered or any(each.is_open for each in case.referrals):
        return "deciding"
    if case.settled > case.recovered:
        return "paid"
    if case.policy is None:
        return "not_covered" if case.declined else "deciding"
    return "decided" if any(each.answer for each in case.disputes) or case.commands else "covered"


def _refund(case: Case, command: Command) -> BuyerRefund:
    if command.in_flight:
        status = "on_its_way"
    elif command.settled > 0:
        status = "paid"
    elif command.unpaid and case.unpaid > 0:
        status = "delayed"
    else:
        status = "withdrawn"
    return BuyerRefund(
        amount=money(case, command.minor),
        paid=money(case, command.settled),
        pays=command.pays,
        status=status,
        requested_at=command.requested_at,
    )


def _notice(case: Case, told: Told, language: Language) -> ToldNotice:
    (text,) = [each for each in texts(told, case) if each.language is language]
    minor = told.amounts.get("amount")
    return ToldNotice(
        told_at=told.at,
        about=told.about,
        subject=text.subject,
        body=text.body,
        amount=money(case, minor) if minor is not None and case.order is not None else None,
    )


def _next(told: Iterable[Told], now: datetime) -> datetime | None:
    *_, last = (None, *told)
    return min((each for each in last.instants.values() if each > now), default=None) if last is not None else None
