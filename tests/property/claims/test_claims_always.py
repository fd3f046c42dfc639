"""What holds for claims whatever comes, in whichever order, how often and however payment systems and people answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.claims import (
    KEY,
    PLAIN,
    POLICY_ID,
    ClaimsStory,
    amended,
    answer,
    cancelled,
    complaint,
    damaged,
    day,
    delivered,
    fell_due,
    issued,
    journey,
    line,
    lost,
    only,
    package,
    placed,
    refunded,
    resolved,
    ruling,
    silent_30_days,
    usd,
)
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.entitlement import entitlement, standing
from waybond_contracts.claims import ClaimApproved, ClaimReferred
from waybond_contracts.disputes import DisputeOutcome, DisputeResolved, DisputeStage, DisputeStageChanged
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderAmended, OrderRefunded
from waybond_contracts.places import Lane
from waybond_contracts.refunds import CancelRefund, MoneyCommand
from waybond_contracts.wording import Scope

KNOWN = day(61)
"""By then everything has happened; when it becomed known is what the properties vary."""

FULL = (
    PLAIN
    + """
[[clause]]
id = "ST-1"
peril = "stalled"
any_of = [{ clock = "last_scan", silent_for = "P30D" }]
tiers = [{ share = "0.20" }]
limit = { amount = "15" }

[[clause]]
id = "OR-1"
peril = "late"
clock = "promised_latest"
scope = "order"
lanes = ["*-BR"]
tiers = [{ after = "P20D", amount = { amount = "12.34" }, pays = "credit" }]

[[clause]]
id = "MI-1"
peril = "missing"
trigger = "claim"
tiers = [{ share = "0.60" }]

[[exclusion]]
id = "EX-1"
perils = ["damaged"]
scans = ["REFUSED"]
"""
)
WORDINGS = [
    FULL.replace('late_arrival = "keep"', f'late_arrival = "{arrival}"') for arrival in ("keep", "offset", "return")
]

flags = st.lists(st.booleans(), max_size=3)
lanes = st.sampled_from((None, Lane(origin="CN", destination="AR")))
given_back = st.one_of(st.none(), st.integers(1, 4_000))


@st.composite
def facts(draw: st.DrawFn) -> list[Event]:
    """All that happened to one order, in some order; of every fact with versions all of its versions."""
    goods = (line("a", draw(st.integers(1, 9_000))), line("b", draw(st.integers(1, 9_000))))
    total = usd(sum(each.total.minor for each in goods) + draw(st.integers(0, 500)))
    kinds = st.sampled_from(((), ("REFUSED",)))
    known = journey(package("P1", (("a", 1),), kinds=draw(kinds)), package("P2", (("b", 1),), kinds=draw(kinds)))
    found: list[Event] = [placed(total, goods)]
    limit = usd(draw(st.integers(500, 25_000)))
    found.append(issued(draw(st.sampled_from(WORDINGS)), total, limit=limit))
    if draw(st.booleans()):
        found.append(amended(2, total.with_minor(total.minor // 2), limit=limit, lane=draw(lanes)))
    totals = draw(st.lists(st.integers(1, 20_000), max_size=2))
    found += [OrderAmended(**KEY, occurred_at=day(40), revision=1, total=usd(minor)) for minor in totals]
    if draw(st.integers(0, 4)) == 0:
        found.append(cancelled(day(draw(st.integers(57, 60))), 3, from_start=draw(st.booleans())))
    for package_id in ("P1", "P2"):
        for index, (make, start) in enumerate(_versioned(known)):
            for version, stands in enumerate(draw(flags), 1):
                found.append(make(package_id, version, stands, start + index))
    for version, breached in enumerate(draw(flags), 1):
        after = timedelta(days=20)
        fields = {"package_id": None, "scope": Scope.ORDER, "journey": known, "version": version}
        found.append(fell_due("OR-1:0:0", day(40), after, breached=breached, **fields))
    for index, minor in enumerate(draw(st.lists(st.integers(1, 6_000), max_size=3))):
        found.append(refunded(f"R{index}", minor, day(50 + index)))
    if draw(st.booleans()):
        stage = draw(st.sampled_from((DisputeStage.INQUIRY, DisputeStage.CHARGEBACK)))
        found.append(
            complaint(day(30), draw(st.sampled_from(("NOT_RECEIVED", "DAMAGED", "MISSING_PARTS"))), stage=stage)
        )
        found.append(resolved(day(50), draw(given_back)))
        if draw(st.booleans()):
            appeal = {"occurred_at": day(55), "dispute_id": "D-1", "stage": DisputeStage.PRE_ARBITRATION}
            found += [DisputeStageChanged(**KEY, **appeal), resolved(day(60), draw(given_back))]
    return found


def beside_waybond(found: Sequence[Event]) -> int:
    """What the buyer got back from others: the platform's refunds, and what the dispute's last resolution says."""
    refunds = sum(each.amount.minor for each in found if isinstance(each, OrderRefunded))
    ends = sorted((each for each in found if isinstance(each, DisputeResolved)), key=lambda each: each.occurred_at)
    return refunds + (ends[-1].refunded.minor if ends and ends[-1].refunded else 0)


def _versioned(known: Any) -> list[tuple[Any, int]]:
    """Ways to say something about a package at a day, with a version and whether it stands."""
    common: dict[str, Any] = {"journey": known}

    def late_by(tier: int, after: int) -> Any:
        return lambda package_id, version, breached, at: fell_due(
            f"TG-1:0:{tier}",
            day(20 + after),
            timedelta(days=after),
            package_id=package_id,
            version=version,
            breached=breached,
            **common,
        )

    def stalled(package_id: str, version: int, breached: bool, at: int) -> Event:
        fields = {"package_id": package_id, "version": version, "breached": breached, **common}
        return fell_due("ST-1:0:0", day(at), timedelta(days=30), silent=True, **fields)

    def silence(package_id: str, version: int, breached: bool, at: int) -> Event:
        return silent_30_days(day(at - 30), package_id=package_id, version=version, breached=breached, **common)

    def seen(make: Any) -> Any:
        return lambda package_id, version, standing, at: make(
            day(at), package_id=package_id, version=version, standing=standing, **common
        )

    return [
        (late_by(0, 7), 27),
        (late_by(1, 15), 35),
        (stalled, 45),
        (silence, 44),
        (seen(lost), 58),
        (seen(damaged), 56),
        (seen(delivered), 52),
    ]


def told(found: Sequence[Event], seed: int, *, duplicates: bool = False, payer: bool = False) -> ClaimsStory:
    """The facts told in an order, with wakes between that nobody asked for, and answers as the seed has it."""
    dice = random.Random(seed)
    order = list(found)
    dice.shuffle(order)
    if duplicates:
        order += dice.choices(found, k=len(found) // 2)
        dice.shuffle(order)
    story = ClaimsStory()
    at = KNOWN
    for fact in order:
        at += timedelta(minutes=dice.randrange(1, 45))
        story.when(fact, at)
        if dice.random() < 0.3:
            at += timedelta(minutes=1)
            story.wake(at)
        if payer:
            at = answered(story, dice, at)
    return story


def answered(story: ClaimsStory, dice: random.Random, at: datetime) -> datetime:
    """Payment systems and people answer something, now and then twice, or late."""
    commands = story.named(MoneyCommand)
    for command in dice.sample(commands, min(len(commands), 2)):
        name = dice.choice(("RefundAccepted", "RefundPending", "RefundSucceeded", "RefundFailed", "RefundReversed"))
        at += timedelta(minutes=dice.randrange(1, 3_000))
        if name == "RefundReversed" and not any(
            each.refund_id == command.refund_id and each.settled for each in story.case.commands
        ):
            continue
        # Now and then another amount moves, or a part comes back.
        minor = dice.randrange(1, command.amount.minor + 2) if dice.random() < 0.3 else command.amount.minor
        event = answer(command, name, at, version=dice.randrange(1, 6), amount=command.amount.with_minor(minor))
        for _ in range(dice.choice((1, 1, 2))):
            story.when(event, at)
    cancels = {each.refund_id for each in story.named(CancelRefund)}
    for command in commands:
        if command.refund_id in cancels and dice.random() < 0.5:
            at += timedelta(minutes=1)
            story.when(answer(command, "RefundCancelled", at, version=dice.randrange(1, 6)), at)
    for referral in story.case.referrals:
        if referral.is_open and dice.random() < 0.4:
            at += timedelta(minutes=1)
            asked = [each for each in story.named(ClaimReferred) if each.referral_id == referral.referral_id][-1]
            story.when(ruling(asked, dice.choice(asked.choices), at, case_version=story.case.version), at)
    return at


@settings(max_examples=40, deadline=None)
@given(facts(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_entitlement_is_the_same_in_whichever_order_facts_come(found: list[Event], one: int, other: int) -> None:
    first = told(found, one)
    second = told(found, other, duplicates=True)
    assert first.case.entitled == second.case.entitled
    for story in (first, second):
        assert elsewhere(story.case) == beside_waybond(found)
        assert not story.case.frozen_by_dispute


LINES_NAMED = st.sets(st.sampled_from(("a", "b")))
REFERENCES = st.sampled_from((None, "re_8", "re_9"))


@st.composite
def money_back(draw: st.DrawFn) -> list[Event]:
    """Two parcels, lost or late, and what came back of them: for lines or for none, told once or twice, told or not."""
    goods = (line("a", draw(st.integers(1, 9_000))), line("b", draw(st.integers(1, 9_000))))
    known = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))
    total = usd(goods[0].total.minor + goods[1].total.minor)
    found: list[Event] = [placed(total, goods), issued(draw(st.sampled_from(WORDINGS)), total)]
    found += [lost(day(20), package_id=each, journey=known) for each in draw(st.sets(st.sampled_from(("P1", "P2"))))]
    for index in range(draw(st.integers(0, 3))):
        fields = {"lines": sorted(draw(LINES_NAMED)), "provider_refund_ref": draw(REFERENCES)}
        fields["dispute_id"] = draw(st.sampled_from((None, "D-1")))
        found.append(refunded(f"R{index}", draw(st.integers(1, 6_000)), day(50 + index), **fields))
    found.append(complaint(day(30), amount=draw(st.none() | st.just(usd(1_234)))))
    for at in draw(st.lists(st.sampled_from((35, 45, 55.5)), unique=True)):
        told = {"outcome": draw(st.sampled_from(DisputeOutcome)), "provider_refund_ref": draw(REFERENCES)}
        found.append(resolved(day(at), draw(given_back), **told))
    if draw(st.booleans()):
        appeal = {"occurred_at": day(40), "dispute_id": "D-1", "stage": DisputeStage.PRE_ARBITRATION}
        found.append(DisputeStageChanged(**KEY, **appeal))
    return found


@settings(max_examples=60, deadline=None)
@given(money_back(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_what_came_back_is_the_same_in_whichever_order_it_is_told(found: list[Event], one: int, other: int) -> None:
    first, second = told(found, one), told(found, other, duplicates=True)
    assert elsewhere(first.case) == elsewhere(second.case)
    assert (first.case.entitled, first.case.elsewhere) == (second.case.entitled, second.case.elsewhere)


@settings(max_examples=40, deadline=None)
@given(facts(), st.integers(0, 2**32))
def test_whatever_payers_and_people_answer_the_books_balance_and_limits_hold(found: list[Event], seed: int) -> None:
    story = told(found, seed, duplicates=True, payer=True)
    assert story.case.cover is not None
    commanded = [each for each in story.events if isinstance(each, MoneyCommand)]
    assert len({each.refund_id for each in commanded}) == len(commanded)
    assert all(each.policy_id == POLICY_ID for each in commanded)
    assert not (story.case.void and story.case.entitled)


@settings(max_examples=30, deadline=None)
@given(facts(), st.integers(0, 2**32))
def test_rows_add_up_and_each_stands_for_its_part_of_what_moved(found: list[Event], seed: int) -> None:
    story = told(found, seed, duplicates=True, payer=True)
    case = story.case
    commanded: dict[tuple[str | None, bool], int] = {}
    for event in story.named(MoneyCommand):
        assert sum(row.amount.minor for row in event.rows) == event.amount.minor
        for row in event.rows:
            unit = row.package_id, row.remainder
            commanded[unit] = commanded.get(unit, 0) + row.amount.minor
    moved = {each.refund_id: each.minor if each.in_flight else each.settled for each in case.commands}
    net: dict[tuple[str | None, bool], int] = {}
    for each in standing(case):
        unit = each.row.unit or None, each.row.unit is None
        net[unit] = net.get(unit, 0) + each.minor
        command = next(one for one in case.commands if one.refund_id == each.refund_id)
        part = Fraction(each.row.minor * moved[each.refund_id], command.minor)
        assert each.minor < part + 1, "no row stands for more than its part"
        assert case.recovered or each.minor > part - 1, "nor for less, where nothing was given back"
    assert all(minor >= 0 for minor in net.values())
    assert net.keys() <= commanded.keys()
    assert sum(net.values()) == max(0, sum(moved.values()) - case.recovered)


@settings(max_examples=30, deadline=None)
@given(facts(), st.integers(0, 2**32))
def test_once_everything_is_answered_what_was_paid_is_what_is_owed(found: list[Event], seed: int) -> None:
    """With a payment system that confirms at once: paid less what is asked back is what is owed, or more only where
    the wording lets the buyer have it."""
    dice = random.Random(seed)
    order = list(found)
    dice.shuffle(order)
    story = ClaimsStory()
    at = KNOWN
    for fact in order:
        at += timedelta(minutes=30)
        story.when(fact, at)
        at = _settled(story, at)
    case = story.case
    owes = entitlement(case, at)
    assert owes is not None
    if any(each.is_open and each.reason != "recovery" for each in case.referrals) or case.frozen_by_dispute:
        return
    asked_back = sum(each.outstanding for each in case.recoveries)
    assert owes.owed <= case.settled - asked_back <= owes.tolerated
    assert case.settled - asked_back <= max(0, case.total - beside_waybond(found))


def _settled(story: ClaimsStory, at: datetime) -> datetime:
    """Confirm commands until none is on its way; what is to be cancelled is cancelled."""
    for _ in range(20):
        case = story.state
        if case is None or case.in_flight is None:
            return at
        at += timedelta(minutes=1)
        command = next(each for each in story.named(MoneyCommand) if each.refund_id == case.in_flight.refund_id)
        name = "RefundCancelled" if case.in_flight.version > 1 else "RefundSucceeded"
        story.when(answer(command, name, at, version=2), at)
    raise AssertionError("commands did not come to an end")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.sampled_from(("P0D", "P7D", "P29D")))
def test_nothing_is_paid_before_a_clock_of_the_wording_ran_out(due_day: int, known_day: int, after: str) -> None:
    """Even if somebody says that it did: a breach that is due later waits until then."""
    body = only(f"""
[[clause]]
id = "L"
peril = "late"
clock = "order"
tiers = [{{ after = "{after}", share = "0.50" }}]
""")
    story = ClaimsStory()
    story.given(placed(), issued(body))
    due = day(due_day)
    story.when(fell_due("L:0:0", due, timedelta(days=due_day)), day(known_day))
    story.until(day(90))
    for each in story.published:
        if isinstance(each.event, ClaimApproved):
            assert each.at >= due
            clocks = [found.clock for found in each.event.explanation.findings if found.applies]
            assert all(clock is not None and clock.due <= each.at for clock in clocks)
    assert story.case.entitled == 5_000
