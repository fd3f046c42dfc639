"""Checks of a wording: what contradicts itself."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.worded import Amount
from waybond_contracts.wording import ClaimWindow, Clause, Cover, Tier, duration_on
from waybond_local.wordings import words
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.ground import Ground
from waybond_local.wordings.lanes import whose
from waybond_local.wordings.locator import Path
from waybond_local.wordings.reading import path_of
from waybond_pricing.catalogue import Product
from waybond_pricing.files import ratings
from waybond_pricing.payable import check_payable


def contradictions(ground: Ground, body: str) -> Iterator[Finding]:
    """Everything in the wording, whose text is `body`, that cannot be meant as it stands."""
    yield from _unsellable(ground, body)
    yield from _cover(ground.wording.cover)
    for path, clause in ground.clauses():
        for index, tier in enumerate(clause.tiers):
            yield from _tier(clause, tier, (*path, "tiers", index))
        yield from _order(ground, clause, path)
        yield from _less(clause, path)
        yield from _limits(clause, ground.wording.cover, path)
        yield from _window(ground, clause, path)
        yield from _asking(clause, path)


def _unsellable(ground: Ground, body: str) -> Iterator[Finding]:
    """What pricing refuses when it loads the file: of each clause the first thing, and of the terms."""
    do = "Change it: pricing does not load the product as it is."
    for path, clause in ground.clauses():
        try:
            check_payable(ground.wording.model_copy(update={"clause": (clause,)}))
        except ContractError as error:
            field = error.field.removeprefix(f"clause {clause.id}.")
            yield Finding("cannot-be-sold", (*path, *path_of(field)), clause.id, f"{error}.", do)
    if ground.wording.terms is not None:
        try:
            Product.of(body, ratings())
        except ContractError as error:
            yield Finding("cannot-be-sold", path_of(error.field), "terms", f"{error}.", do)


def _cover(cover: Cover) -> Iterator[Finding]:
    package = cover.package_limit_minor
    if package is not None and package > cover.limit_minor:
        what = (
            f"A package is limited to {_minor(package, cover)}, the whole policy to {_minor(cover.limit_minor, cover)}."
        )
        yield Finding(
            "package-limit-above-policy",
            ("cover", "package_limit_minor"),
            "cover",
            what,
            "Lower it, or leave it out: the policy's limit alone counts.",
        )


def _tier(clause: Clause, tier: Tier, path: Path) -> Iterator[Finding]:
    least, most, fixed = tier.at_least, tier.at_most, tier.amount
    if least is not None and most is not None and _above(least, most):
        what = f"at_least ({words.amount(least)}) is above at_most ({words.amount(most)})."
        yield Finding("least-above-most", (*path, "at_least"), clause.id, what, "Exchange them, or leave one out.")
    if fixed is not None and tier.per is None:
        for name, bound, wrong in (
            ("at_least", least, least and _above(least, fixed)),
            ("at_most", most, most and _above(fixed, most)),
        ):
            if bound is not None and wrong:
                what = f"It pays {words.amount(fixed)}, but {name} makes {words.amount(bound)} of it."
                yield Finding(
                    "sum-is-bounded", (*path, name), clause.id, what, "Write the sum that is meant as amount."
                )
    if tier.per is not None and not tier.per:
        what = "per is no time at all, so that the benefit is due once."
        yield Finding(
            "period-of-nothing", (*path, "per"), clause.id, what, "Write how long a period lasts, or leave it out."
        )
    nothing = Decimal(tier.share or "0") == 0 if fixed is None else Decimal(fixed.amount) == 0
    if nothing and least is None:
        field = "share" if fixed is None else "amount"
        yield Finding(
            "pays-nothing",
            (*path, field),
            clause.id,
            "The tier pays nothing.",
            "Write what it pays, or leave the tier out.",
        )


def _order(ground: Ground, clause: Clause, path: Path) -> Iterator[Finding]:
    """A tier further down the file is the higher one, whenever it is reached."""
    said: set[tuple[int, int]] = set()
    for lane, ways in ground.ways[clause.id].items():
        for one, other in combinations(ways, 2):
            pair = one.tier_index, other.tier_index
            if one.condition_index != other.condition_index or one.after is None or other.after is None or pair in said:
                continue
            if other.after <= one.after and pair[0] < pair[1]:
                said.add(pair)
                where = whose(lane, (*one.by_lane, *other.by_lane))
                what = (
                    f"Tier {pair[1] + 1} is reached {words.after(other.after)}{where}, not later than tier "
                    f"{pair[0] + 1} ({words.after(one.after)}), which is never paid then."
                )
                do = "Order the tiers by their durations, the shortest first."
                yield Finding("tier-out-of-order", (*path, "tiers", pair[1]), clause.id, what, do)


def _less(clause: Clause, path: Path) -> Iterator[Finding]:
    """The highest tier that is reached is the whole benefit: one that pays less takes away what was due."""
    for index, (one, other) in enumerate(zip(clause.tiers, clause.tiers[1:], strict=False)):
        where = (*path, "tiers", index + 1)
        if pays_less(other, one):
            what = (
                f"Tier {index + 2} pays {words.benefit(other)}; tier {index + 1} before it pays {words.benefit(one)}."
            )
            do = "Write in each tier the whole benefit, not what comes on top."
            yield Finding("tier-pays-less", where, clause.id, what, do)
        elif _gives(one) == _gives(other):
            what = f"Tier {index + 2} pays what tier {index + 1} pays already."
            yield Finding("tier-adds-nothing", where, clause.id, what, "Leave it out, or write what it pays.")


def pays_less(one: Tier, other: Tier) -> bool:
    """Whether `one` gives less than `other` for some orders, as far as they can be compared."""
    if one.per != other.per:
        return False
    if one.amount is not None and other.amount is not None:
        return _above(other.amount, one.amount)
    if one.share is None or other.share is None:
        return False
    if one.at_most is not None and (other.at_most is None or _above(other.at_most, one.at_most)):
        return Decimal(other.share) > 0
    if Decimal(one.share) < Decimal(other.share):
        return one.at_least is None or other.at_most is None or not _above(one.at_least, other.at_most)
    return (
        other.at_least is not None
        and (one.at_least is None or _above(other.at_least, one.at_least))
        and Decimal(one.share) < 1
    )


def _gives(tier: Tier) -> Tier:
    return tier.model_copy(update={"after": None, "after_by_lane": {}})


def _limits(clause: Clause, cover: Cover, path: Path) -> Iterator[Finding]:
    policy = Amount(
        amount=f"{Money.of(cover.limit_minor, cover.limit_currency).amount:f}", currency=cover.limit_currency
    )
    if clause.limit is not None and _above(clause.limit, policy):
        what = f"The clause's limit ({words.amount(clause.limit)}) is above the policy's ({words.amount(policy)})."
        do = "Lower it, or leave it out: the policy's limit counts first."
        yield Finding("clause-limit-above-policy", (*path, "limit"), clause.id, what, do)
    for index, tier in enumerate(clause.tiers):
        for name, given in (("amount", tier.amount), ("at_least", tier.at_least), ("at_most", tier.at_most)):
            for holder, limit in (("clause", clause.limit), ("policy", policy)):
                if given is not None and limit is not None and _above(given, limit):
                    what = f"{name} ({words.amount(given)}) is above the {holder}'s limit ({words.amount(limit)})."
                    do = "Lower it, or raise the limit: no more than the limit is ever paid."
                    yield Finding("sum-above-limit", (*path, "tiers", index, name), clause.id, what, do)
                    break


def _window(ground: Ground, clause: Clause, path: Path) -> Iterator[Finding]:
    window = clause.claim_window
    if window is None:
        return
    where = (*path, "claim_window")
    if clause.trigger == "automatic":
        what = "The clause pays by itself, so that nobody looks at its claim_window."
        yield Finding(
            "window-without-claim", where, clause.id, what, 'Write trigger = "claim", or leave the window out.'
        )
        return
    if window.closes_clock not in (None, window.clock):
        return  # Only facts tell which of two clocks is further.
    by_lane = (*window.opens_by_lane, *window.closes_by_lane)
    for lane in ground.covered[clause.id]:
        opens = duration_on(lane, window.opens, window.opens_by_lane)
        closes = duration_on(lane, window.closes, window.closes_by_lane)
        if opens is not None and closes is not None and closes <= opens:
            what = (
                f"The window opens {words.after(opens)} and closes {words.after(closes)}"
                f"{whose(lane, by_lane)}: nobody can claim."
            )
            yield Finding("window-closes-first", where, clause.id, what, "Let it close after it opens.")
            return
        if closes is not None and _met_later(ground, clause, window, lane):
            what = (
                f"The window closes {duration_from(window)} ({words.after(closes)}) before the clause can be "
                f"met{whose(lane, by_lane)}: who claims what has happened comes too late."
            )
            yield Finding("window-closes-before-met", where, clause.id, what, "Let it close later than every duration.")
            return


def duration_from(window: ClaimWindow) -> str:
    """From where the window's durations are counted."""
    return f"counted from {words.CLOCKS[window.clock]}"


def _met_later(ground: Ground, clause: Clause, window: ClaimWindow, lane: Lane) -> bool:
    """Whether every way of the clause runs on the window's clock, and longer than the window is open."""
    ways = ground.ways[clause.id][lane]
    closes = duration_on(lane, window.closes, window.closes_by_lane)
    return (
        bool(ways)
        and closes is not None
        and all(way.clock is window.clock and way.after is not None and way.after > closes for way in ways)
    )


def _asking(clause: Clause, path: Path) -> Iterator[Finding]:
    timed = clause.clock is not None or any(condition.clock is not None for condition in clause.any_of)
    if clause.ask_carrier and not timed:
        what = "ask_carrier is set, but no clock runs out after which the carrier would be asked."
        yield Finding("asks-nobody", (*path, "ask_carrier"), clause.id, what, "Leave it out: scans are believed.")
    if clause.answer_within is not None and not clause.ask_carrier:
        what = "answer_within is set, but the carrier is not asked."
        yield Finding(
            "asks-nobody", (*path, "answer_within"), clause.id, what, "Write ask_carrier = true, or leave it out."
        )


def _above(one: Amount, other: Amount) -> bool:
    """Whether one sum is more than the other; False where a rate would decide it."""
    return one.currency == other.currency and Decimal(one.amount) > Decimal(other.amount)


def _minor(minor: int, cover: Cover) -> str:
    return str(Money.of(minor, cover.limit_currency))
