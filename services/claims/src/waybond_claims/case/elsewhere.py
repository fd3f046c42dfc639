"""Says what the buyer got back beside Waybond, each money once, from all that was told of it.

The same money comes to us by several ways. A card scheme ends a dispute, and the platform reports the refund of it. We
refund, and the platform reports that as its own refund. Or the scheme says who won, and nobody says how much. Taken one
by one the buyer would seem to have it twice, or never. So all that was told is looked at together, each time: a word
that comes later (the payment system's reference of our refund, say) may be what tells that two are one.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from waybond_claims.case.complaint import WON, Dispute
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.order import Line
from waybond_claims.case.state import Case


def elsewhere(case: Case) -> int:
    """What came back of what the order costs now; another currency is not counted but referred.

    What was refunded for lines that an amendment took away is off the total already, as far as the total fell.
    """
    found = beside(case)
    if not found:
        return 0
    whole = sum([each.minor for each in found])
    return whole - min(_told_of(found, _gone(case)), _fell(case))


def amended_away(case: Case) -> tuple[Elsewhere, ...]:
    """What an amendment gave back with the lines that it took away, as far as no refund of them was told: a refund that
    names them. Of goods that are lost and amended away the buyer has the money back."""
    gone = _gone(case)
    minor = min(_fell(case), sum([line.minor for line in gone])) - _told_of(beside(case), gone) if gone else 0
    if minor <= 0 or case.order is None:
        return ()
    lines = tuple((line.line_id, line.quantity, None) for line in gone)
    return (Elsewhere("amended", "platform", minor, case.order.currency, None, "", "", lines),)


def _gone(case: Case) -> list[Line]:
    """The lines that an amendment took away."""
    if case.order is None or case.amended is None or case.amended.lines_revision < 0:
        return []
    left = {line.line_id for line in case.amended.lines}
    return [line for line in case.order.lines if line.line_id not in left]


def _fell(case: Case) -> int:
    """By how much amendments lowered the total."""
    return max(0, case.order.minor - case.total) if case.order is not None else 0


def _told_of(found: Sequence[Elsewhere], gone: Sequence[Line]) -> int:
    """What was refunded for these lines alone."""
    ids = {line.line_id for line in gone}
    return sum([each.minor for each in found if each.lines and all(line_id in ids for line_id, _, _ in each.lines)])


def beside(case: Case) -> tuple[Elsewhere, ...]:
    """What counts, in the order's currency."""
    currency = case.order.currency if case.order is not None else ""
    return tuple([each for each in counted(case) if each.currency == currency])


def counted(case: Case) -> tuple[Elsewhere, ...]:
    """What others gave the buyer, each money once and none of it ours; in whichever currency."""
    if not case.elsewhere and not case.disputes:
        return ()
    refunds = _once([each for each in case.elsewhere if each.by != "dispute"])
    ours = {each.refund_id for each in case.commands}
    ours |= {each.provider_ref for each in case.commands if each.provider_ref}
    found: list[Elsewhere] = []
    for outcome, told in _outcomes(case):
        linked = [each for each in refunds if _same(each, outcome)]
        refunds = [each for each in refunds if not _same(each, outcome)]
        found += _one_money(outcome, linked, ours, told=told)
    found += [each for each in refunds if not _echo(each, ours)]
    return tuple(found)


def _once(refunds: Sequence[Elsewhere]) -> list[Elsewhere]:
    """Of refunds that name the same reference of the provider the newest."""
    newest: dict[str, Elsewhere] = {}
    for each in sorted(refunds, key=_newness):
        newest[f"ref:{each.provider_ref}" if each.provider_ref else f"id:{each.ref}"] = each
    return list(newest.values())


def _newness(each: Elsewhere) -> tuple[float, int, str]:
    return each.at.timestamp() if each.at is not None else 0, each.minor, each.ref


def _same(refund: Elsewhere, outcome: Elsewhere) -> bool:
    by_reference = bool(refund.provider_ref) and refund.provider_ref == outcome.provider_ref
    return by_reference or refund.dispute_id == outcome.ref


def _echo(each: Elsewhere, ours: set[str]) -> bool:
    return each.ref in ours or each.provider_ref in ours


def _one_money(outcome: Elsewhere, linked: Sequence[Elsewhere], ours: set[str], *, told: bool) -> Iterator[Elsewhere]:
    """A dispute's outcome and the refunds that paid it: the newer of the two, an amount that was told before one that
    was not. Of it what we paid ourselves is ours."""
    if outcome.provider_ref in ours:
        return
    if not linked:
        yield outcome
        return
    if not told or max(map(_newness, linked))[0] > _newness(outcome)[0]:
        yield from (each for each in linked if not _echo(each, ours))
        return
    own = sum([each.minor for each in linked if _echo(each, ours)])
    lines = outcome.lines or tuple(line for each in linked for line in each.lines)
    if outcome.minor > own:
        yield replace(outcome, minor=outcome.minor - own, lines=lines)


# what a dispute gave


def _outcomes(case: Case) -> Iterator[tuple[Elsewhere, bool]]:
    """What each dispute gave the buyer, and whether it told the amount."""
    told = {each.ref: each for each in case.elsewhere if each.by == "dispute"}
    for each in case.disputes:
        dispute = unsaid(case, each)
        known = told.pop(dispute.dispute_id, None)
        if dispute.said is not None:
            yield _assumed(case, dispute, dispute.said), False
        elif _won_unsaid(dispute, known):
            yield _assumed(case, dispute, None), False
        elif known is not None:
            yield known, True
    for known in told.values():
        yield known, True


def _won_unsaid(dispute: Dispute, known: Elsewhere | None) -> bool:
    """Whether the buyer won and nobody said how much since: an amount that was told before stands, unless the dispute
    went on to a further stage after it. That the buyer got nothing is no such amount: the win is newer."""
    if dispute.won_at is None:
        return False
    if dispute.resolved_at is None:
        return True
    appealed = dispute.stage_at is not None and dispute.resolved_at < dispute.stage_at <= dispute.won_at
    return dispute.won_at > dispute.resolved_at and (known is None or not known.minor or appealed)


def unsaid(case: Case, dispute: Dispute) -> Dispute:
    """The dispute as it is kept now: a file of before kept an outcome without an amount as one of nothing."""
    if dispute.refunded != 0 or dispute.ended not in WON or dispute.won_at is not None:
        return dispute
    if any(each.by == "dispute" and each.ref == dispute.dispute_id for each in case.elsewhere):
        return dispute
    return replace(dispute, refunded=None, resolved_at=None, won_at=dispute.resolved_at)


def _assumed(case: Case, dispute: Dispute, said: int | None) -> Elsewhere:
    """What a dispute gave of which no amount was told: what a person says, the disputed amount, or all."""
    currency, minor = case.order.currency if case.order is not None else dispute.currency, case.total
    if said is not None:
        minor = said
    elif dispute.minor is not None:
        currency, minor = dispute.currency, dispute.minor
    return Elsewhere(dispute.dispute_id, "dispute", minor, currency, dispute.ended_at, "", dispute.dispute_id)
