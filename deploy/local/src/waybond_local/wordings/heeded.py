"""What a clause heeds of other orders (`refer_when`): in plain words, and what of it can never count."""

from collections.abc import Iterator

from waybond_contracts.refer_when import ReferWhen, SignalName
from waybond_contracts.signals import SubjectKind
from waybond_contracts.wording import Clause
from waybond_local.wordings import words
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.locator import Path

_COUNTED = {
    "orders": "other orders",
    "claims": "other orders that somebody claimed",
    "paid": "other orders that somebody claimed and we paid",
    "returned": "other orders that went back to their sender",
    "undeliverable": "other orders that could not be delivered",
}
_WHOSE = {
    SubjectKind.BUYER: "of the buyer",
    SubjectKind.ADDRESS: "to the address",
    SubjectKind.CARD: "on the card",
    SubjectKind.SELLER: "of the seller",
    SubjectKind.PHOTO: "with the photo",
}
_PLAIN = {
    SignalName.BUYERS: "different other buyers",
    SignalName.CARDS: "different other cards",
    SignalName.SAME_PHOTO: "other orders with the same photo",
    SignalName.SIMILAR_PHOTO: "other orders with a similar photo",
}


def said(clause: Clause) -> str:
    """What puts a claim before a person, as one sentence."""
    conditions = words.listed(map(_condition, clause.refer_when), "or")
    return (
        f"A person decides where other orders give reason to look: {conditions}. Nothing is paid, offered or closed by "
        "itself before that is known, and without an answer within 30 seconds a person decides too; it denies nothing."
    )


def never(clause: Clause, path: Path) -> Iterator[Finding]:
    """Conditions that never hold, or that add nothing."""
    for index, each in enumerate(clause.refer_when):
        where = (*path, "refer_when", index)
        most = each.fact.most
        if most is not None and each.above >= most:
            what = f"{each.fact} is at most {most}, as of older orders only days are counted: it never holds."
            yield Finding("refer-when-never", (*where, "above"), clause.id, what, f"Write a number below {most}.")
            continue
        for other in clause.refer_when:
            if other is not each and _covers(other, each):
                what = f"Wherever {_condition(each)} holds, {_condition(other)} does too: it adds nothing."
                yield Finding("refer-when-covered", where, clause.id, what, "Leave one of the two out.")
                break
    if clause.refer_when and not _pays_by_itself(clause):
        what = "A person decides every claim under it anyway: refer_when only tells them of other orders."
        do = "Leave it out, or say when a claim is paid by itself (proven, seller, offer, score)."
        yield Finding("refer-when-adds-nothing", (*path, "refer_when"), clause.id, what, do)


def _covers(wide: ReferWhen, narrow: ReferWhen) -> bool:
    """Whether one holds wherever the other does, other than both alike: what is counted within 30 days is counted
    within 90."""
    if wide.of is not narrow.of or wide.of_orders not in (None, narrow.of_orders) or wide.above > narrow.above:
        return False
    if wide.fact is narrow.fact:
        return True
    if wide.of_orders is not None or not (wide.fact.days and narrow.fact.days):
        return False
    alike = wide.fact.removesuffix(wide.fact.days) == narrow.fact.removesuffix(narrow.fact.days)
    return alike and int(wide.fact.days[:-1]) > int(narrow.fact.days[:-1])


def _pays_by_itself(clause: Clause) -> bool:
    """Whether anything under the clause is paid or offered without a person."""
    asked = clause.seller is not None or clause.offer is not None or clause.score is not None
    return asked or clause.proven == "pay" or any(need.absent == "pay" for need in clause.evidence)


def _condition(each: ReferWhen) -> str:
    named = _PLAIN.get(each.fact)
    if named is None:
        what, _, days = each.fact.rpartition("_")
        named = f"{_COUNTED[what]} {_WHOSE[each.of]} within {words.counted(int(days[:-1]), 'day')}"
    elif each.of is not SubjectKind.PHOTO:
        named = f"{named} {_WHOSE[each.of]}"
    share = f" and more than {words.percent(each.of_orders)} of all of them" if each.of_orders is not None else ""
    return f"more than {each.above} {named}{share}"
