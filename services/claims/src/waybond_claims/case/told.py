"""What a dispute is, from all that was told of it: the same whichever word of it became known first.

Of two stages, and of two ends, the newer one counts. Sources that count their words say which one is newer: of two
revisions the higher one. Words without a revision are newer by when they happened. Both kinds are put on one line: a
revision happened when it says, and never before a lower one.

Scenario: a bank says on day 12, as its revision 4, that the buyer won, and on day 13, as revision 5, that the seller
did, but gives that one the date of day 11. Revision 5 counts, as if it had happened just after revision 4.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import combinations

from msgspec.structs import replace

from waybond_claims.case.complaint import WON, Dispute, Opening, Word
from waybond_contracts.disputes import DisputeReason
from waybond_contracts.providers import reason_of

STEP = timedelta(microseconds=1)
"""By how much a higher revision is newer at least."""
ANY_REASON = (
    "NOT_RECEIVED",
    "LATE",
    "NOT_AS_DESCRIBED",
    "DAMAGED",
    "MISSING_PARTS",
    "COUNTERFEIT",
    "CREDIT_NOT_PROCESSED",
    "OTHER",
)
"""What a person chooses from, where nobody knows the provider's code: what is insured, and all else."""
_OTHER = DisputeReason.OTHER

Dated = list[tuple[datetime, Word]]


def with_opening(dispute: Dispute, opening: Opening) -> Dispute:
    """The dispute with another telling of what is complained of."""
    if opening in dispute.openings:
        return dispute
    known = _remembered(dispute)
    return _retold(replace(known, openings=tuple(sorted((*known.openings, opening), key=_first_told))))


def with_word(dispute: Dispute, word: Word) -> Dispute:
    """The dispute with another word of its stage or end."""
    if word in dispute.words:
        return dispute
    known = _remembered(dispute)
    return _retold(replace(known, words=tuple(sorted((*known.words, word), key=_by_text))))


def with_ruling(dispute: Dispute, reason: str) -> Dispute:
    """The dispute with what a person says that is complained of."""
    return _retold(replace(_remembered(dispute), ruled=reason))


def latest(dispute: Dispute) -> tuple[datetime, list[Word]]:
    """When the newest word was said that tells what the buyer got, and all words that tell the same of it. Raises
    ValueError where none does."""
    told = [(at, word) for at, word in dated(dispute.words) if word.decides]
    at, minor = max((at, word.gave) for at, word in told)
    return at, [word for when, word in told if (when, word.gave) == (at, minor)]


def contradictory(dispute: Dispute) -> bool:
    """Whether two outcomes give the buyer two amounts, and nothing says which one is right: neither a stage after the
    first nor a revision. An outcome that is reversed later (lost, then won) is news, not a contradiction."""
    told = sorted([(at, word) for at, word in dated(dispute.words) if word.decides], key=_at)
    staged = dispute.stage_at
    for (first, one), (second, other) in combinations(told, 2):
        counted = None not in (one.revision, other.revision) and one.revision != other.revision
        reversed_later = first < second and bool(one.gave) != bool(other.gave)
        appealed = staged is not None and staged > first
        if one.gave != other.gave and not (counted or reversed_later or appealed):
            return True
    return False


def dated(words: Iterable[Word]) -> Dated:
    """Each word with the instant by which it is newer or older than others."""
    counted = sorted([each for each in words if each.revision is not None], key=_revised)
    found: Dated = [(each.at, each) for each in words if each.revision is None]
    at: datetime | None = None
    before: int | None = None
    for each in counted:
        at = each.at if at is None else max(each.at, at if each.revision == before else at + STEP)
        before = each.revision
        found.append((at, each))
    return found


def _remembered(dispute: Dispute) -> Dispute:
    """The dispute with what was told of it; files of before kept what followed from it alone."""
    if dispute.openings or dispute.words:
        return dispute
    openings: list[Opening] = []
    words: list[Word] = []
    if dispute.opened_at is not None:
        about = {"minor": dispute.minor, "currency": dispute.currency, "package_id": dispute.package_id}
        openings.append(Opening(dispute.opened_at, source=dispute.source, reason=dispute.reason, **about))
    if dispute.stage_at is not None:
        words.append(Word(dispute.stage_at, stage=dispute.stage))
    at = dispute.resolved_at
    if at is not None and dispute.refunded is not None:
        # Who had won is known of the last end alone. What gave nothing did so in whoever's favour.
        same = at == dispute.ended_at and dispute.ended not in ("withdrawn", "ended")
        words.append(Word(at, ended=dispute.ended if same else "", minor=dispute.refunded))
    if dispute.won_at is not None:
        same = dispute.won_at == dispute.ended_at and dispute.ended in WON
        words.append(Word(dispute.won_at, ended=dispute.ended if same else min(WON)))
    if dispute.ended_at is not None and not any(each.ended == dispute.ended for each in words):
        words.append(Word(dispute.ended_at, ended=dispute.ended))
    return replace(dispute, openings=tuple(openings), words=tuple(sorted(words, key=_by_text)))


def _retold(dispute: Dispute) -> Dispute:
    words = dated(dispute.words)
    stages = [(each.at, Word(each.at, stage=each.stage, answer_by=each.answer_by)) for each in _opened(dispute)]
    stages += [(at, word) for at, word in words if word.stage]
    ends = [(at, word) for at, word in words if word.ended]
    after = _complained(_placed(dispute, stages), stages)
    if ends:
        at, end = max(ends, key=lambda each: (each[0], each[1].ended))
        after = replace(after, ended=end.ended, ended_at=at, appeal_by=end.appeal_by)
    won = [at for at, word in ends if word.ended in WON and word.minor is None]
    after = replace(after, won_at=max(won, default=None))
    if any(word.decides for _, word in words):
        at, same = latest(dispute)
        after = replace(after, refunded=same[0].gave, resolved_at=at)
    if (after.refunded, after.resolved_at) != (dispute.refunded, dispute.resolved_at):
        after = replace(after, said=None)
    raw = [(at, word.raw) for at, word in words if word.raw]
    return replace(after, raw_status=max(raw)[1] if raw else "")


def _opened(dispute: Dispute) -> list[Opening]:
    """Tellings of it as a dispute that was opened, not as a claim that was filed."""
    return [each for each in dispute.openings if not each.by and each.stage]


def _placed(dispute: Dispute, stages: Dated) -> Dispute:
    """With the stage that it is at, and by when an answer is wanted there."""
    if not stages:
        return dispute
    in_order = sorted(stages, key=lambda each: (each[0], each[1].stage))
    at, newest = in_order[-1]
    here: datetime | None = None
    reached = at
    for reached_at, word in reversed(in_order):
        if word.stage != newest.stage:
            break
        here, reached = here or word.answer_by, reached_at
    return replace(dispute, stage=newest.stage, stage_at=at, reached_at=reached, answer_by=here)


def _complained(dispute: Dispute, stages: Dated) -> Dispute:
    """With what is complained of: of each thing the earliest word that tells it."""
    told = dispute.openings
    if not told:
        return _of_amounts(dispute, stages)
    ran = [each.source for each in told if each.source] + [each.by for each in told if each.by]
    named = [each for each in told if each.raw_code]
    reason, may_be = _reason(told)
    code = reason_of(named[0].provider, named[0].raw_code, named[0].raw_category).code if named else ""
    after = replace(
        dispute,
        opened_at=told[0].at,
        source=ran[0] if ran else "",
        package_id=next((each.package_id for each in told if each.package_id is not None), None),
        lines=next((each.lines for each in told if each.lines), ()),
        provider=next((each.provider for each in told if each.provider), ""),
        raw_code=code,
        reason=dispute.ruled or reason if may_be else reason,
        may_be=may_be,
    )
    return _of_amounts(after, stages)


def _of_amounts(dispute: Dispute, stages: Dated) -> Dispute:
    """With what is disputed, as the newest stage has it, and what a claim asks for."""
    claims = [each for each in dispute.openings if each.by and each.minor is not None]
    opened = [each for each in dispute.openings if not each.by and each.minor is not None]
    changed = [(at, word.minor, word.currency) for at, word in stages if word.minor is not None]
    minor, currency = dispute.minor, dispute.currency
    if changed:
        _, minor, currency = max(changed)
    elif opened or claims:
        first = (opened or claims)[0]
        minor, currency = first.minor, first.currency
    after = replace(dispute, minor=minor, currency=currency)
    return replace(after, asked=claims[0].minor, asked_currency=claims[0].currency) if claims else after


def _reason(told: tuple[Opening, ...]) -> tuple[str, tuple[str, ...]]:
    """What is complained of, and what a person chooses from where the codes do not say."""
    choices: tuple[str, ...] = ()
    for each in told:
        if each.reason != _OTHER.value:
            return each.reason, ()
        if not each.raw_code:
            continue
        read = reason_of(each.provider, each.raw_code, each.raw_category)
        if read.reason is not _OTHER:
            return read.reason.value, ()
        choices = choices or (() if read.known and not read.ambiguous else _choices(read.ambiguous))
    return _OTHER.value, choices


def _choices(reasons: tuple[DisputeReason, ...]) -> tuple[str, ...]:
    """What is asked: nothing, where it is not insured whichever reason it is."""
    if not reasons:
        return ANY_REASON
    names = [each.value for each in reasons if each is not _OTHER]
    return (*names, _OTHER.value) if set(names) & {*ANY_REASON} else ()


def _first_told(opening: Opening) -> tuple[datetime, str]:
    return opening.at, repr(opening)


def _by_text(word: Word) -> tuple[datetime, str]:
    return word.at, repr(word)


def _revised(word: Word) -> tuple[int, datetime, str]:
    return word.revision or 0, word.at, repr(word)


def _at(told: tuple[datetime, Word]) -> datetime:
    return told[0]
