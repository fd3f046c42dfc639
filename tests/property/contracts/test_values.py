"""What must always hold for money, durations and lane patterns."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from waybond_contracts._iso import COUNTRIES, EXPONENTS
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import MAX_INTEGER, Duration
from waybond_contracts.money import Money, total
from waybond_contracts.places import Lane, LanePattern, precise
from waybond_contracts.wording import parse

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
SMALL = st.integers(-(10**12), 10**12)
PLACES = st.sampled_from(sorted(COUNTRIES))
SHARES = st.decimals("0", "1", places=8)


@given(minor=st.integers(-MAX_INTEGER, MAX_INTEGER), currency=CURRENCIES)
def test_an_amount_written_in_major_units_is_read_as_the_same(minor: int, currency: str) -> None:
    money = Money.of(minor, currency)
    assert Money.parse(f"{money.amount:f}", currency) == money
    assert Money.model_validate_json(money.model_dump_json()) == money


@given(amounts=st.lists(SMALL, max_size=8), currency=CURRENCIES)
def test_a_sum_does_not_depend_on_its_order_and_what_is_added_can_be_taken_off(
    amounts: list[int], currency: str
) -> None:
    money = [Money.of(amount, currency) for amount in amounts]
    whole = total(money, currency)
    assert whole == total(reversed(money), currency) == Money.of(sum(amounts), currency)
    for each in money:
        whole = whole.less(each)
    assert whole == Money.of(0, currency)


@given(minor=st.integers(0, MAX_INTEGER), share=SHARES, currency=CURRENCIES)
def test_a_share_lies_within_half_a_minor_unit_and_never_above_the_whole(
    minor: int, share: Decimal, currency: str
) -> None:
    part = Money.of(minor, currency).times(share).minor
    with localcontext(prec=80):
        exact = Decimal(minor) * share
        assert abs(Decimal(part) - exact) <= Decimal("0.5")
        assert part == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    assert 0 <= part <= minor


@given(text=st.text(max_size=30), currency=CURRENCIES | st.text(max_size=4))
def test_any_text_is_an_amount_or_refused_by_a_contract_error(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency)
    except ContractError as error:
        assert error.field in ("amount", "currency", "minor")
    else:
        assert money.currency == currency


@given(seconds=st.integers(0, 3_650 * 86_400))
def test_a_duration_comes_back_the_same(seconds: int) -> None:
    adapter = TypeAdapter(Duration)
    duration = timedelta(seconds=seconds)
    written = adapter.dump_json(duration)
    assert adapter.validate_json(written) == duration
    assert b"Y" not in written


@given(origin=PLACES, destination=PLACES)
def test_a_lane_is_named_by_its_own_patterns_each_closer_than_the_one_before(origin: str, destination: str) -> None:
    lane = Lane(origin=origin, destination=destination)
    kind = "domestic" if origin == destination else "international"
    patterns = ["*", kind, "*-*", f"*-{destination}", f"{origin}-{destination}"]
    assert all(lane.matches(TypeAdapter(LanePattern).validate_python(pattern)) for pattern in patterns)
    assert [precise(pattern) for pattern in patterns] == sorted({precise(pattern) for pattern in patterns})
    assert Lane.parse(str(lane)) == lane


@given(body=st.text(max_size=300))
def test_any_text_is_a_wording_or_refused_by_a_contract_error(body: str) -> None:
    try:
        wording = parse(body)
    except ContractError as error:
        assert error.field
    else:
        assert wording.clause
