"""What stops payments until a person decides: what cannot be true at once, another currency, more than is kept."""

from collections.abc import Iterator

from waybond_claims.case.elsewhere import counted
from waybond_claims.case.money import MAX_COMMANDS
from waybond_claims.case.question import WITHDRAWN
from waybond_claims.case.state import Case
from waybond_claims.case.told import contradictory
from waybond_claims.desk.kinds import GO_ON, KINDS, STOP, Question, parsed

_CONTRADICTIONS = {
    "order": "The order was placed twice, with different totals, lines or payments; the first one counts{}.",
    "amended": "Revision {} of the order came with two contents; the larger one counts.",
    "policy": "A second policy names this order ({}); the first one counts.",
    "platform": "The platform reported its refund {} with two amounts; the first one counts.",
    "dispute": "Dispute {} was resolved with two amounts; the later one counts.",
    "refund": "The payment system answered about refund {}, which was never commanded.",
    "result": "The payment system gave two answers as {}; the first one counts.",
    "amount": "A refund or its reversal moved another amount than was commanded, or was settled by hand before ({}).",
}


def troubles(case: Case) -> Iterator[Question]:
    """What cannot be true at once, what is in another currency, what was too much: no new command until decided."""
    for key in case.contradictions:
        kind, about = parsed(key)
        match kind.name:
            case "currency":
                yield _trouble(key, f"An amount in another currency was left out: {about}.")
            case "bound":
                yield _trouble(key, f"More {about} came than are kept; the rest was left out.")
            case _:
                yield _trouble(key, _CONTRADICTIONS[kind.name].format(about))
    for dispute in case.disputes:
        key = f"dispute:{dispute.dispute_id}"
        if key not in case.contradictions and contradictory(dispute):
            yield _trouble(key, _CONTRADICTIONS["dispute"].format(dispute.dispute_id))
    if len(case.commands) >= MAX_COMMANDS:
        text = f"{MAX_COMMANDS} refunds were commanded, and no more will be: settle outside what is still owed."
        yield Question(KINDS["bound"], "commands", text, choices=(STOP,))  # they cannot go on
    currency = case.order.currency if case.order is not None else None
    if currency is None:
        return
    foreign = [f"{each.by}/{each.ref}" for each in counted(case) if each.currency != currency]
    if case.amended is not None and case.amended.currency not in ("", currency):
        foreign.append("order total")
    if case.cover is not None and case.cover.currency != currency:
        foreign.append("policy")
    for what in foreign:
        text = f"An amount is not in {currency}, the order's currency, and was left out: {what}."
        yield _trouble(f"currency:{what}", text)


def stopped(case: Case) -> bool:
    """Whether something has to be decided first, or was decided to stop payments."""
    found = list(troubles(case))
    if not found:
        return False
    decided = {each.key: each.choice for each in case.referrals if each.choice not in ("", WITHDRAWN)}
    return any(decided.get(each.key) != GO_ON for each in found)


def _trouble(key: str, text: str) -> Question:
    kind, about = parsed(key)
    return Question(kind, about, f"{text} May payments go on?")
