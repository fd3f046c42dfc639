"""What the buyer is told in the course of a complaint: asked for, offered, decided, sent back, looked at again.

Amounts are minor units of the order's currency, instants are aware UTC. `answer_by` is when the buyer should have an
answer; without one it is told that an answer comes, and no day. What is not known is not told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from waybond_claims.case.complaint import NO_EVIDENCE, NOT_RETURNED, Dispute
from waybond_claims.complaints.answers import Answer
from waybond_claims.draft import Draft
from waybond_claims.entitlement import net_paid
from waybond_claims.notices.rendered import MAX_LABEL_CHARACTERS, is_titled, peril_of
from waybond_claims.notices.telling import tell

# answers to a complaint


def denied(draft: Draft, dispute: Dispute, answer: Answer) -> None:
    """A complaint was answered; card schemes and wallets are answered by the event alone."""
    if dispute.source not in ("buyer", "platform"):
        return
    about, paid_minor = answer.reason.value, net_paid(draft.case)
    if answer.detail == NO_EVIDENCE:
        claim_closed(draft, reopen_until=answer.reopen_until)
    elif answer.detail == NOT_RETURNED:
        tell(draft, "claim_closed", "claim_closed.not_returned")
    elif about == "too_early":
        too_early(draft, answer.eligible_at)
    elif about == "already_paid" and paid_minor and answer.again_at is not None:
        amounts, instants = {"amount": paid_minor}, {"date": answer.again_at}
        tell(draft, about, "already_paid.body", "already_paid.later", amounts=amounts, instants=instants)
    elif about == "already_paid" and paid_minor:
        tell(draft, about, "already_paid.body", amounts={"amount": paid_minor})
    elif about == "already_paid":
        tell(draft, about, "already_paid.elsewhere")
    elif about in ("not_covered", "excluded") and (words := _decided_under(draft, answer)):
        tell(draft, about, f"{about}.body", f"{about}.clause", words=words)
    else:
        tell(draft, about, f"{about}.body")


def _decided_under(draft: Draft, answer: Answer) -> dict[str, str]:
    """What decided it, and the peril that it is called by in a language in which it has no title: the one exclusion,
    where it has a title in any language, else the one clause. Nothing where there are several."""
    wording = draft.case.wording
    perils = {peril_of(wording, each) for each in answer.clauses}
    named = [each for each in answer.exclusions if is_titled(wording, each)]
    if len(answer.exclusions) != 1 or not named:
        named = list(answer.clauses)
    return {"clause": named[0], "peril": perils.pop()} if len(named) == len(perils) == 1 else {}


def too_early(draft: Draft, eligible_at: datetime | None) -> None:
    """It cannot be decided yet: it is after `eligible_at`, or some day that is not known."""
    if eligible_at is None:
        tell(draft, "too_early", "too_early.undated")
    else:
        tell(draft, "too_early", "too_early.body", instants={"date": eligible_at})


def referred(draft: Draft, *, answer_by: datetime | None = None) -> None:
    """A person looks at it."""
    _answered_later(draft, "referred", answer_by)


def claim_closed(draft: Draft, *, reopen_until: datetime | None = None) -> None:
    """The claim was closed since the buyer did not answer; until then it can be opened again, if it can."""
    if reopen_until is None:
        tell(draft, "claim_closed", "claim_closed.body")
    else:
        tell(
            draft,
            "claim_closed",
            "claim_closed.body",
            "claim_closed.reopen",
            instants={"until": reopen_until},
            act_by=reopen_until,
        )


# offers


def offer_made(draft: Draft, minor: int, expires_at: datetime, *, gives_up: bool) -> None:
    """The buyer is offered an amount, or the goods once more where it is 0; `gives_up`: whoever accepts it is paid
    nothing more for the claim."""
    sentences = [_offered("offer_made", minor), *(["offer_made.gives_up"] if gives_up else [])]
    tell(draft, "offer_made", *sentences, amounts=_amount(minor), instants={"until": expires_at}, act_by=expires_at)


def offer_accepted(draft: Draft, minor: int) -> None:
    """The buyer accepted it; `approved` follows with the money, where it is about money."""
    tell(draft, "offer_accepted", _offered("offer_accepted", minor), amounts=_amount(minor))


def offer_declined(draft: Draft, minor: int, *, answer_by: datetime | None = None) -> None:
    """The buyer declined it, and it is decided without."""
    body = _offered("offer_declined", minor)
    _answered_later(draft, "offer_declined", answer_by, amounts=_amount(minor), body=body)


def offer_expired(draft: Draft, minor: int, expired_at: datetime) -> None:
    """Nobody accepted it in time."""
    body = _offered("offer_expired", minor)
    tell(draft, "offer_expired", body, amounts=_amount(minor), instants={"until": expired_at})


def offer_withdrawn(draft: Draft, minor: int) -> None:
    """It cannot be accepted any more, and no other one takes its place."""
    tell(draft, "offer_withdrawn", _offered("offer_withdrawn", minor), amounts=_amount(minor))


def _offered(about: str, minor: int) -> str:
    """The sentence about an offer of money, or of the goods once more where the amount is 0."""
    return f"{about}.body" if minor else f"{about}.again"


def _amount(minor: int) -> dict[str, int]:
    return {"amount": minor} if minor else {}


# evidence


def evidence_requested(
    draft: Draft, kinds: Sequence[str], answer_by: datetime, *, otherwise: Literal["decided", "closed"] = "decided"
) -> None:
    """The buyer is asked for evidence of these kinds (codes: photo, invoice, ...), by `answer_by`.

    `otherwise` says what comes then without it: it is decided on what is known, or the claim is closed.
    """
    tell(
        draft,
        "evidence_requested",
        "evidence_requested.body",
        f"evidence_requested.{otherwise}",
        instants={"until": answer_by},
        words={"kinds": ",".join(kinds)},
        act_by=answer_by,
    )


def evidence_received(draft: Draft, kinds: Sequence[str], *, answer_by: datetime | None = None) -> None:
    """What the buyer sent is there."""
    _answered_later(draft, "evidence_received", answer_by, kinds=kinds)


def seller_asked(draft: Draft, answer_by: datetime) -> None:
    """The seller was asked, and has until then to answer."""
    tell(draft, "seller_asked", "seller_asked.body", instants={"until": answer_by})


# appeals


def appeal_received(draft: Draft, *, answer_by: datetime | None = None) -> None:
    """The buyer appealed, and it is looked at again."""
    _answered_later(draft, "appeal_received", answer_by)


def appeal_upheld(draft: Draft) -> None:
    """The decision is changed as the buyer asked; where money is due, `approved` follows."""
    tell(draft, "appeal_upheld", "appeal_upheld.body")


def appeal_lowered(draft: Draft) -> None:
    """Another decision took the place of the first one, by which less is due."""
    tell(draft, "appeal_lowered", "appeal_lowered.body")


def appeal_rejected(draft: Draft, why: str = "body") -> None:
    """The decision stays: a person has looked again (`body`), or it came too late (`appeal_too_late`) or brought
    nothing that was not known (`nothing_new`)."""
    tell(draft, "appeal_rejected", f"appeal_rejected.{why}")


# returns


def return_requested(draft: Draft, *, hand_in_by: datetime, back_by: datetime | None = None, label: str = "") -> None:
    """The buyer is asked to send the goods back: handed in and back by then, with this label (its number or address).

    Raises ValueError for a label that is longer than MAX_LABEL_CHARACTERS: a part of it would lead nowhere.
    """
    if len(label) > MAX_LABEL_CHARACTERS:
        raise ValueError(f"label: at most {MAX_LABEL_CHARACTERS} characters were expected, got {len(label)}")
    sentences = ["return_requested.body"]
    instants = {"until": hand_in_by}
    if back_by is not None:
        sentences.append("return_requested.back")
        instants["back"] = back_by
    if label:
        # Last, with nothing behind it: a dot would be read as a part of an address.
        sentences.append("return_requested.label")
    words = {"label": label} if label else {}
    tell(draft, "return_requested", *sentences, instants=instants, words=words, act_by=hand_in_by)


def return_received(draft: Draft, *, answer_by: datetime | None = None) -> None:
    """The goods are back."""
    _answered_later(draft, "return_received", answer_by)


def _answered_later(
    draft: Draft,
    about: str,
    answer_by: datetime | None,
    *,
    amounts: Mapping[str, int] | None = None,
    kinds: Sequence[str] | None = None,
    body: str = "",
) -> None:
    """A notice that ends with when the buyer should have an answer; `body` is its first sentence, if not the usual."""
    tell(
        draft,
        about,
        body or f"{about}.body",
        "next.undated" if answer_by is None else "next.answer",
        amounts=amounts,
        instants={"until": answer_by} if answer_by is not None else None,
        words={"kinds": ",".join(kinds)} if kinds is not None else None,
    )
