"""What holds for pricing whatever happens: order of facts, duplicates, spurious wakes, every price, every token."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.pricing import (
    KEYS,
    KNOWN_AT,
    Deciding,
    amended,
    asked_for,
    cancelled,
    placed,
    promise_changed,
    quote,
    refunded,
    token,
    usd,
)
from tests.support.story import Story
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.policies import PolicyAmended, PolicyCancelled, PolicyIssued, Premium
from waybond_kit.signing import TokenError
from waybond_pricing.files import products
from waybond_pricing.rating import Risk, rate
from waybond_pricing.state import State, StateCodec
from waybond_pricing.tokens import verify

OTHERS = st.one_of(
    st.builds(amended, st.integers(0, 4), st.integers(0, 60_000)),
    st.builds(lambda n, place: amended(n, destination=place), st.integers(0, 4), st.sampled_from(["AR", "BR", "CN"])),
    st.builds(lambda n, total: amended(n, 0, total=Money.of(total, "EUR")), st.integers(0, 4), st.integers(1, 9_000)),
    st.builds(refunded, st.sampled_from(["r1", "r2", "r3"]), st.integers(1, 6_000)),
    st.builds(promise_changed, st.integers(0, 3), st.just(KNOWN_AT + timedelta(days=40))),
    st.just(cancelled()),
)
ORDERS = st.builds(
    placed,
    st.sampled_from([1, 6_000, 50_000, 50_001]),
    cover=st.sampled_from([asked_for(), asked_for("logistics-time-guarantee"), asked_for(token=token())]),
)


def cover(events: tuple[Event, ...]) -> tuple[object, ...] | None:
    """The policy as a reader of the topic sees it: the highest version wins. None: no cover."""
    last = max(
        (e for e in events if isinstance(e, PolicyIssued | PolicyAmended | PolicyCancelled)), key=version, default=None
    )
    if last is None or isinstance(last, PolicyCancelled):
        return None
    return last.policy_id, last.basis, last.limit, last.premium, last.ends_at, last.watches


def version(event: PolicyIssued | PolicyAmended | PolicyCancelled) -> int:
    return event.version


def told(facts: list[Event], wakes: list[int]) -> Story[State]:
    """The facts in this order, a second apart, with spurious wakes after some of them."""
    story = Story(Deciding(), StateCodec())
    for n, fact in enumerate(facts):
        story.when(fact, KNOWN_AT + timedelta(seconds=n))
        if n in wakes:
            story.wake(KNOWN_AT + timedelta(seconds=n, milliseconds=500))
    return story


@given(
    order=ORDERS,
    others=st.lists(OTHERS, max_size=6),
    again=st.lists(st.integers(0, 6), max_size=3),
    wakes=st.lists(st.integers(0, 9), max_size=4),
    random=st.randoms(use_true_random=False),
)
def test_order_duplicates_and_spurious_wakes_change_no_final_policy(
    order: Event, others: list[Event], again: list[int], wakes: list[int], random: object
) -> None:
    facts = [order, *others]
    shuffled = facts + [facts[n % len(facts)] for n in again]
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]  (hypothesis' Random is typed as object here)

    assert cover(told(shuffled, wakes).events) == cover(told(facts, []).events)


@given(order=ORDERS, others=st.lists(OTHERS, max_size=8), random=st.randoms(use_true_random=False))
def test_versions_rise_by_one_and_no_version_says_what_the_one_before_said(
    order: Event, others: list[Event], random: object
) -> None:
    facts = [order, *others]
    random.shuffle(facts)  # pyright: ignore[reportAttributeAccessIssue]  (hypothesis' Random is typed as object here)

    versions = [e for e in told(facts, []).events if isinstance(e, PolicyIssued | PolicyAmended | PolicyCancelled)]

    assert [version(event) for event in versions] == list(range(1, len(versions) + 1))
    covers = [cover(tuple(versions[: n + 1])) for n in range(len(versions))]
    assert all(a != b for a, b in pairwise(covers) if a is not None)


@given(order=ORDERS, others=st.lists(OTHERS, max_size=8))
def test_no_premium_is_returned_beyond_what_was_charged_and_none_taken_back_while_cover_is_over(
    order: Event, others: list[Event]
) -> None:
    charged = 0
    ended: PolicyCancelled | None = None
    for event in told([order, *others], []).events:
        if isinstance(event, PolicyIssued | PolicyAmended):
            charged, ended = event.premium.total.minor, None
        elif isinstance(event, PolicyCancelled):
            assert (ended.premium_returned.minor if ended else 0) <= event.premium_returned.minor <= charged
            assert ended is None or event.occurred_at == ended.occurred_at
            ended = event


LANES = st.builds(
    lambda origin, destination: Lane(origin=origin, destination=destination),
    st.sampled_from(["CN", "IN", "DE", "ZA"]),
    st.sampled_from(["BR", "ZA", "NG", "HT", "US", "VN"]),
)
RISKS = st.builds(
    lambda lane, service, month, value, share, per_unit: Risk(
        lane=lane,
        service=service,
        season_on=date(2026, month, 1),
        value=Money.of(value, "BRL" if per_unit else "USD"),
        insured=Money.of(value * share // 100, "BRL" if per_unit else "USD"),
        per_unit=per_unit,
    ),
    LANES,
    st.sampled_from(["air", "ocean", "truck", "express", ""]),
    st.integers(1, 12),
    st.integers(0, 10**12),
    st.integers(0, 100),
    st.none() | st.decimals("0.0001", "9999", places=4),
)
PRODUCTS = st.sampled_from(sorted(products()))


def derived(premium: Premium, insured: Money) -> int:
    """The net premium from nothing but the factors, as the docstring of `rate` says."""
    cost, kept, minimum, taxed, most = Decimal(0), Decimal(1), Decimal(0), Decimal(1), Decimal("Infinity")
    for factor in premium.factors:
        value, z = Decimal(factor.value), Decimal(factor.credibility or 1)
        match factor.name:
            case "base":
                cost = z * value + (1 - z) * cost
            case "service" | "season" | "value_band":
                cost *= z * value + (1 - z)
            case "balance":
                cost *= value
            case "assumption":
                cost += value
            case "loading":
                kept -= value
            case "minimum":
                minimum = value.scaleb(insured.exponent)
            case "tax":
                taxed = 1 + value
            case "insured":
                most = value.scaleb(insured.exponent)
            case other:
                raise AssertionError(other)
    net = min(max(insured.minor * cost / kept, minimum), most / taxed)
    return int(net.quantize(Decimal(1), ROUND_HALF_UP))


@given(product=PRODUCTS, risk=RISKS)
def test_a_premium_can_be_derived_again_from_its_factors_alone(product: str, risk: Risk) -> None:
    premium = rate(products()[product].rating, risk)

    assert abs(derived(premium, risk.insured) - premium.net.minor) <= 1
    assert premium.total == premium.net.plus(premium.tax)
    assert 0 <= premium.net.minor <= premium.total.minor <= risk.insured.minor


@given(product=PRODUCTS, risk=RISKS, more=st.integers(0, 10**9))
def test_who_insures_more_of_the_same_pays_no_less(product: str, risk: Risk, more: int) -> None:
    larger = Risk(
        lane=risk.lane,
        service=risk.service,
        season_on=risk.season_on,
        value=risk.value,
        insured=risk.insured.with_minor(risk.insured.minor + more),
        per_unit=risk.per_unit,
    )

    assert rate(products()[product].rating, larger).total.minor >= rate(products()[product].rating, risk).total.minor


@given(position=st.integers(0, 10_000), character=st.characters(codec="ascii", exclude_categories=["C"]))
def test_a_token_with_any_other_character_is_refused(position: int, character: str) -> None:
    good = token()
    n = position % len(good)
    altered = good[:n] + character + good[n + 1 :]

    if altered == good:
        assert verify(altered, KEYS) == quote()
        return
    try:
        verify(altered, KEYS)
    except TokenError:
        refused = True
    else:
        refused = False
    assert refused


@given(minor=st.integers(1, 50_000), premium=st.integers(1, 10**6))
def test_a_token_s_premium_is_the_policy_s_to_the_minor_unit(minor: int, premium: int) -> None:
    signed = token(value=usd(minor), premium=usd(premium))

    (event,) = told([placed(minor, cover=asked_for(token=signed))], []).events

    assert isinstance(event, PolicyIssued)
    assert event.premium.total == usd(premium)
    assert event.premium.net.plus(event.premium.tax) == usd(premium)
