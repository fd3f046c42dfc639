"""Adds what people hand in for a complaint and what sellers say of it, whether or not the complaint is known yet."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from waybond_claims.case.evidence import MAX_PAPERS, MAX_RESPONSES, Paper, Response
from waybond_claims.case.state import Case
from waybond_claims.facts.contradictions import contradicted
from waybond_contracts.disputes import (
    ClaimFiled,
    DisputeEvent,
    DisputeOpened,
    Document,
    EvidenceSubmitted,
    ReturnReceived,
    SellerResponded,
)

STATEMENT = "statement"
NAMED_BY = 16
"""Characters of the hash by which a statement is known again."""


def handed_in(case: Case, event: DisputeEvent, now: datetime) -> Case:
    """The file with the documents, statements and answers of the event."""
    match event:
        case DisputeOpened():
            return kept(case, stated(event.dispute_id, "buyer", event.statement, now))
        case ClaimFiled():
            by = event.by.value
            said = stated(event.dispute_id, by, event.statement, now)
            return kept(case, [*said, *documents(event.dispute_id, by, event.documents, now)])
        case EvidenceSubmitted():
            return kept(case, list(_submitted(event, now)))
        case ReturnReceived():
            said = stated(event.dispute_id, event.by, event.statement, now)
            return kept(case, [*said, *documents(event.dispute_id, event.by, event.documents, now)])
        case SellerResponded():
            said = stated(event.dispute_id, "seller", event.statement, now)
            case = kept(case, [*said, *documents(event.dispute_id, "seller", event.documents, now)])
            return _answered(case, event, now)
        case _:
            return case


def kept(case: Case, papers: Sequence[Paper]) -> Case:
    """The file with those of the papers in it that it does not have."""
    known = {_name(each) for each in case.papers}
    new: list[Paper] = []
    for each in papers:
        if _name(each) not in known:
            known.add(_name(each))
            new.append(each)
    if not new:
        return case
    room = MAX_PAPERS - len(case.papers)
    if room > 0:
        case = replace(case, papers=(*case.papers, *new[:room]))
    return case if len(new) <= room else contradicted(case, "bound:papers")


def documents(dispute_id: str, by: str, handed: Sequence[Document], now: datetime) -> Iterator[Paper]:
    """Documents as papers, known by the hash of their bytes."""
    return (Paper(dispute_id, by, each.kind.value, each.sha256, now) for each in handed)


def stated(dispute_id: str, by: str, words: str, now: datetime) -> list[Paper]:
    """A statement as a paper; nothing of one without words."""
    if not words.strip():
        return []
    return [Paper(dispute_id, by, STATEMENT, sha256(words.encode()).hexdigest()[:NAMED_BY], now)]


def _submitted(event: EvidenceSubmitted, now: datetime) -> Iterator[Paper]:
    """What the details say the documents are, or what the event says of all of them."""
    yield from documents(event.dispute_id, event.by, event.details, now)
    if not event.details:
        for ref in event.documents:
            yield Paper(event.dispute_id, event.by, event.kind, ref, now)
        if not event.documents and event.kind == STATEMENT:
            yield from stated(event.dispute_id, event.by, event.note, now)


def _answered(case: Case, event: SellerResponded, now: datetime) -> Case:
    if any((each.dispute_id, each.response_id) == (event.dispute_id, event.response_id) for each in case.responses):
        return case
    if len(case.responses) >= MAX_RESPONSES:
        return contradicted(case, "bound:responses")
    amount = event.amount
    said = Response(
        event.dispute_id,
        event.response_id,
        event.response.value,
        event.occurred_at,
        now,
        amount.minor if amount is not None else None,
        amount.currency if amount is not None else "",
        event.remedy.value if event.remedy is not None else "",
    )
    return replace(case, responses=(*case.responses, said))


def _name(paper: Paper) -> tuple[str, str, str, str]:
    return paper.dispute_id, paper.by, paper.kind, paper.ref
