"""What the buyer is told of money: that it comes, that it takes longer, that it does not come after all."""

from waybond_claims.adjudication.found import Found
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.money import Command
from waybond_claims.draft import Draft
from waybond_claims.entitlement import net_paid
from waybond_claims.notices.telling import tell
from waybond_claims.texts.catalogue import ARRIVES_WITHIN


def approved(draft: Draft, command: Command, best: tuple[Found, ...]) -> None:
    """Money was commanded, for what `best` found."""
    arrives = draft.sent_at + ARRIVES_WITHIN[command.pays]
    total = net_paid(draft.case)
    first = best[0] if best else None
    peril = first.rule.clause.peril.value if first is not None else "other"
    # As long as nobody has booked a package, what no package holds is the whole order.
    rest = first is not None and first.of_remainder and bool(draft.case.packages)
    happened = "rest" if rest else "happened"
    happened_at = (first.fact_at if first is not None else None) or draft.now
    amounts = {"amount": command.minor}
    words: dict[str, str] = {}
    sentences = [f"{happened}.{peril}"]
    if first is not None:
        sentences.append("approved.clause")
        words["clause"] = first.rule.clause.id
    sentences.append(f"approved.{command.pays}")
    if total > command.minor:
        sentences.append("approved.in_all")
        amounts["total"] = total
    tell(
        draft,
        "approved",
        *sentences,
        amounts=amounts,
        instants={"date": happened_at, "arrives": arrives},
        words=words,
        pays=command.minor,
        expected_by=arrives,
    )


def refund_delayed(draft: Draft, minor: int) -> None:
    """A refund that the buyer was told of did not get through."""
    tell(draft, "refund_delayed", "refund_delayed.body", amounts={"amount": minor})


def refund_withdrawn(draft: Draft, command: Command) -> None:
    """The money that the buyer was told of does not come: nothing is owed any more, or it came by another way."""
    case = draft.case
    variant = "elsewhere" if elsewhere(case) else "body"
    tell(draft, "refund_withdrawn", f"refund_withdrawn.{variant}", amounts={"amount": command.minor})
    draft.change(withdrawn=len(case.commands))
