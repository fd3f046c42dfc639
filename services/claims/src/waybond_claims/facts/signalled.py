"""Adds what signals told to the claim file, and notes from when an answer of theirs is waited for."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from waybond_claims.adjudication.terms import terms
from waybond_claims.case.signalled import MAX_ORDERS_KEPT, Signal, Signalled
from waybond_claims.case.state import Case
from waybond_contracts.disputes import ClaimFiled, DisputeEvent, DisputeOpened, Document, EvidenceSubmitted, Party
from waybond_contracts.signals import MAX_PHOTOS, SignalsTold, detailed

SELLER = Party.SELLER.value


def told(case: Case, event: SignalsTold, now: datetime) -> Case:
    """The file with what signals told, if it is newer than what is there and a clause heeds it."""
    if not _heeds(case):
        return case
    known = case.signalled or Signalled(since=now)
    if known.asked_at is not None and (event.asked_at, event.version) <= (known.asked_at, known.version):
        return case
    after = replace(
        known,
        silent=tuple([each for each in known.silent if event.late or each not in event.disputes]),
        version=event.version,
        asked_at=event.asked_at,
        disputes=event.disputes,
        compared=event.photos,
        unknown=tuple([each.value for each in event.unknown]),
        late=tuple([each.value for each in event.late]),
        facts=tuple(
            [Signal(each.of.value, each.fact, each.value, each.orders[:MAX_ORDERS_KEPT]) for each in event.facts]
        ),
    )
    return replace(case, signalled=after)


def placed(before: Case, case: Case, now: datetime) -> Case:
    """The file after the order became known: where somebody complained before, signals tell anew of its buyer."""
    if before.order is not None or not case.disputes or not _heeds(case):
        return case
    return replace(case, signalled=replace(case.signalled or Signalled(since=now), since=now))


def complained(before: Case, case: Case, event: DisputeEvent, now: datetime) -> Case:
    """The file after something was said of a complaint. Signals tell anew of one that is new, and of a new photo."""
    if case is before:
        return case
    photos = _photos(event)
    if not photos and not isinstance(event, DisputeOpened | ClaimFiled):
        return case
    opened = isinstance(event, DisputeOpened | ClaimFiled) and not _is_open(before, event.dispute_id)
    known = case.signalled
    had = known.photos if known is not None else ()
    new = [each for each in photos if each not in had][: MAX_PHOTOS - len(had)]
    if not (opened or new) or not _heeds(case):
        return case
    after = replace(known or Signalled(since=now), since=now, photos=(*had, *new))
    return replace(case, signalled=after)


def _photos(event: DisputeEvent) -> list[str]:
    """The photos that signals compare with those of other orders: not the seller's."""
    documents: Iterable[Document] = ()
    match event:
        case ClaimFiled() if event.by is not Party.SELLER:
            documents = event.documents
        case EvidenceSubmitted() if event.by != SELLER:
            documents = event.details
        case _:
            pass
    hashes = dict.fromkeys([each.perceptual_hash for each in documents])
    return [each for each in hashes if each and detailed(each)]


def _is_open(case: Case, dispute_id: str) -> bool:
    return any(each.dispute_id == dispute_id and each.opened_at is not None for each in case.disputes)


def _heeds(case: Case) -> bool:
    """Whether a clause heeds signals, or may: which wording it is, is not known yet."""
    return not case.wording or terms(case.wording, *case.lane).heeds_signals
