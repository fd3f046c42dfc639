"""What has to be handed in for a complaint under a clause, and what of it is there, missing or too late."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from waybond_claims.adjudication.asked_for import asked_for
from waybond_claims.adjudication.benefits import NoRateError, minor_of
from waybond_claims.adjudication.complaints import is_about
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.units import spread
from waybond_claims.adjudication.view import View
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.evidence import ANSWER, Ask, Paper
from waybond_claims.case.state import Case
from waybond_contracts.business_days import Calendar, calendar_of
from waybond_contracts.claimed import Evidence, RemedyKind
from waybond_contracts.disputes import DocumentKind
from waybond_contracts.worded import Amount
from waybond_contracts.wording import Clause

SPEAKS_FOR_BOTH = "platform"
"""Who can hand in what buyer or seller has to."""


class Need(Struct, frozen=True, gc=False):
    """One thing that has to come: a document of one of these kinds, or the seller's answer."""

    of: str
    any_of: tuple[str, ...]
    within: timedelta
    absent: str
    days: int = 0
    """In business days of the calendar; beyond its years `within` counts."""
    calendar: Calendar | None = None

    def until(self, asked_at: datetime) -> datetime:
        """By when it has to come, asked for then."""
        end = self.calendar.end_of(self.days, asked_at) if self.calendar is not None else None
        return asked_at + self.within if end is None else end

    @property
    def what(self) -> str:
        """What it is kept under."""
        return "|".join(self.any_of)


def needs(view: View, rule: Rule, complaint: Dispute) -> Iterator[Need]:
    """The evidence that the clause wants for so much as is at stake."""
    stake = at_stake(view, rule, complaint)
    for each in rule.clause.evidence:
        if _counts(view, each, stake):
            yield Need(each.of, tuple(kind.value for kind in each.any_of), each.within, each.absent)


def answer_of_seller(view: View, clause: Clause) -> Need | None:
    """The seller's answer, where the clause gives the seller time for one."""
    seller = clause.seller
    if seller is None:
        return None
    if seller.business is None:
        return Need("seller", (ANSWER,), seller.answers_within, seller.silent)
    calendar = calendar_of(view.terms.wording.calendar, seller.business)
    return Need("seller", (ANSWER,), seller.answers_within, seller.silent, seller.business.days, calendar)


def proof_of_return(clause: Clause) -> Need | None:
    """The proof that the goods were sent back, where nothing else is paid in full."""
    kinds = {each.remedy: each for each in clause.remedies}
    back = kinds.get(RemedyKind.RETURN)
    if back is None or back.within is None or not kinds.keys().isdisjoint((RemedyKind.REFUND, RemedyKind.CREDIT)):
        return None
    return Need("buyer", (DocumentKind.PROOF_OF_RETURN.value,), back.within, "close")


def _counts(view: View, evidence: Evidence, stake: int) -> bool:
    """Whether it is needed; without an exchange rate to tell by, it is."""
    return _beyond(view, stake, evidence.above) is not False and _beyond(view, stake, evidence.up_to) is not True


def _beyond(view: View, stake: int, amount: Amount | None) -> bool | None:
    try:
        return None if amount is None else stake > minor_of(view, amount)
    except NoRateError:
        return None


def units_of(view: View, rule: Rule, complaint: Dispute) -> tuple[str | None, ...]:
    """The units that the complaint is about under the clause."""
    if rule.of_order:
        return (None,)
    units = (complaint.package_id,) if complaint.package_id in view.packages else view.ids
    return tuple([each for each in units if is_about(view, complaint, rule.clause, each)]) or units


def at_stake(view: View, rule: Rule, complaint: Dispute) -> int:
    """What is asked for, at most the insured value of what the complaint is about; in minor units."""
    disputed = complaint.minor if complaint.currency == view.order.currency else None
    bounds = (insured(view, rule, complaint), asked_for(view.case, complaint), disputed)
    return min(each for each in bounds if each is not None)


def insured(view: View, rule: Rule, complaint: Dispute) -> int:
    """The insured value of what the complaint is about, in minor units."""
    return sum([view.value(view.cover, rule, unit) for unit in units_of(view, rule, complaint)])


def most_of_complaint(view: View, rule: Rule, complaint: Dispute) -> int:
    """How much a person can say is due for it: what it is about is insured for, within the clause's limit."""
    asked, limit = asked_for(view.case, complaint), rule.clause.limit
    worth = insured(view, rule, complaint)
    worth = worth if asked is None else min(worth, asked)
    try:
        return worth if limit is None else min(worth, minor_of(view, limit))
    except NoRateError:
        return worth


def part_of(view: View, rule: Rule, complaint: Dispute, unit: str | None, total: int) -> int:
    """The part of an amount for the complaint that is for the unit: in proportion to what its units are worth."""
    units = units_of(view, rule, complaint)
    worth = [view.value(view.cover, rule, each) for each in units]
    parts = spread(total, worth if any(worth) else [1] * len(units))
    return dict(zip(units, parts, strict=True)).get(unit, 0)


# what is there


def request_of(case: Case, complaint: Dispute, clause: Clause, need: Need) -> Ask | None:
    """When it was asked for, if it was."""
    key = complaint.dispute_id, clause.id, need.of, need.what
    return next((each for each in case.asks if (each.dispute_id, each.clause_id, each.of, each.what) == key), None)


def is_there(case: Case, complaint: Dispute, clause: Clause, need: Need, ask: Ask | None) -> bool:
    """Whether it was handed in, in time. What is late counts where its absence closes nothing, and within the time for
    an appeal."""
    return any(
        each.dispute_id == complaint.dispute_id
        and each.kind in need.any_of
        and each.by in (need.of, SPEAKS_FOR_BOTH)
        and _in_time(each, clause, need, ask)
        for each in case.papers
    )


def _in_time(paper: Paper, clause: Clause, need: Need, ask: Ask | None) -> bool:
    """By when it became known, also where it is read before the wake that ends the time (after an outage)."""
    if ask is None or need.absent != "close":
        return True
    more = clause.appeal.within if clause.appeal is not None else timedelta(0)
    return paper.known_at <= ask.answer_by + more
