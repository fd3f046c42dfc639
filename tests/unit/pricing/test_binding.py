"""Binding: an order becomes a policy, or is declined with the reason."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.pricing import (
    FREIGHT,
    GUARANTEE,
    KEYS,
    KNOWN_AT,
    PARCEL,
    PLACED_AT,
    Deciding,
    asked_for,
    cancelled,
    catalogue,
    changed,
    placed,
    quote,
    rate,
    refunded,
    settings,
    token,
    usd,
)
from tests.support.story import Known, Story
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import MAX_INTEGER
from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, FxRate, OrderLine, OrderPlaced
from waybond_contracts.policies import DeclineReason, PolicyDeclined, PolicyIssued
from waybond_contracts.watches import WatchKind
from waybond_pricing.catalogue import Catalogue
from waybond_pricing.decide import ORPHAN_KEPT
from waybond_pricing.state import State, StateCodec
from waybond_pricing.tokens import QuoteKeys, sign


def story(known: Catalogue | None = None, keys: QuoteKeys = KEYS) -> Story[State]:
    return Story(Deciding(known, keys), StateCodec())


def bound(order: OrderPlaced, known: Catalogue | None = None) -> PolicyIssued:
    (event,) = story(known).when(order, KNOWN_AT)
    assert isinstance(event, PolicyIssued), event
    return event


def declined(
    order: OrderPlaced, known: Catalogue | None = None, after: timedelta = timedelta(minutes=1)
) -> PolicyDeclined:
    (event,) = story(known).when(order, order.occurred_at + after)
    assert isinstance(event, PolicyDeclined), event
    return event


def test_an_order_gets_the_default_product_of_its_tenant() -> None:
    policy = bound(placed())

    assert (policy.product, policy.product_version, policy.version) == ("order-protection", "2026.11.1", 1)
    assert (policy.basis, policy.limit) == (usd(6_000), usd(50_000))
    assert policy.order_key == "acme/shop/1001"
    assert not policy.quoted


def test_cover_attaches_when_the_order_became_known_and_ends_by_the_order_s_date() -> None:
    policy = bound(placed())

    assert policy.attached_at == policy.occurred_at == KNOWN_AT
    assert policy.ends_at == PLACED_AT + timedelta(days=240)


def test_the_policy_carries_the_wording_whole_and_its_watches() -> None:
    policy = bound(placed())

    assert policy.wording.parsed().product == "order-protection"
    assert {(w.id, w.kind, w.after) for w in policy.watches} == {
        ("TG-1:0:0", WatchKind.DEADLINE, timedelta(days=7)),
        ("TG-1:0:1", WatchKind.DEADLINE, timedelta(days=15)),
        ("LO-2:0:0", WatchKind.SILENCE, timedelta(days=30)),
        ("LO-2:2:0", WatchKind.DEADLINE, timedelta(days=45)),
    }


def test_the_premium_comes_with_the_factors_that_made_it_and_says_that_it_is_synthetic() -> None:
    premium = bound(placed()).premium

    assert premium.total == premium.net.plus(premium.tax)
    assert premium.rating == "order-protection-2014.1"
    by_key = {(factor.name, factor.key): factor for factor in premium.factors}
    assert by_key["base", "south-america"].observations == 131
    assert "the parent group (south-america) is used" in by_key["base", "CN-BR"].source
    assert "synthetic" in products_note(PARCEL)


def products_note(key: str) -> str:
    return catalogue().products[key].wording.note


def test_the_same_order_and_product_have_the_same_policy_id() -> None:
    other = placed(order_id="1002")

    assert bound(placed()).policy_id == bound(placed(6_100)).policy_id
    assert bound(placed()).policy_id != bound(other).policy_id


def test_an_order_may_ask_for_another_product_that_the_tenant_offers() -> None:
    policy = bound(placed(cover=asked_for("logistics-time-guarantee")))

    assert policy.product == "logistics-time-guarantee"


def test_a_consignment_gets_the_freight_guarantee() -> None:
    consignment = placed(6_316_900, origin="IN", destination="ZA", service="ocean")

    policy = bound(consignment, catalogue(settings(FREIGHT, default=FREIGHT)))

    assert (policy.product, policy.basis, policy.limit) == ("freight-time-guarantee", usd(6_316_900), usd(10_000_000))
    assert policy.premium.total.minor > usd(2_500).minor


def test_a_limit_in_another_currency_is_turned_at_the_rate_of_the_order_which_the_policy_keeps() -> None:
    rates = rate("USD", "BRL", "5.4321")

    policy = bound(placed(30_000, "BRL", settlement_rate=rates))

    assert (policy.limit.currency, policy.limit.minor) == ("BRL", 271_605)
    assert policy.rates == (rates,)
    assert policy.premium.total.currency == "BRL"


def test_a_rate_serves_in_both_directions() -> None:
    policy = bound(placed(30_000, "BRL", settlement_rate=rate("BRL", "USD", "0.2")))

    assert policy.limit.minor == 250_000


def test_a_currency_without_minor_units_is_insured_in_whole_units() -> None:
    policy = bound(placed(9_000, "JPY", settlement_rate=rate("USD", "JPY", "150.5")))

    assert (policy.basis.minor, policy.limit.minor, policy.limit.exponent) == (9_000, 75_250, 0)


def test_an_order_with_a_token_is_bound_at_the_quoted_price() -> None:
    policy = bound(placed(cover=asked_for(token=token())))

    assert (policy.premium.total, policy.quoted) == (usd(333), True)
    assert policy.premium.factors[-1].source == "the price that was quoted"


def test_a_token_signed_with_a_rotated_key_still_holds() -> None:
    old = QuoteKeys(current="k1", secrets={"k1": KEYS.secrets["k1"]})

    assert bound(placed(cover=asked_for(token=sign(quote(), old)))).quoted


def test_a_token_binds_the_version_that_was_quoted_though_the_tenant_sells_a_newer_one() -> None:
    newer = changed(PARCEL)
    known = catalogue(settings("order-protection@2026.11.99", default="order-protection@2026.11.99"), extra=(newer,))

    assert bound(placed(cover=asked_for(token=token())), known).product_version == "2026.11.1"
    assert bound(placed(), known).product_version == "2026.11.99"


@pytest.mark.parametrize(
    ("quoted", "detail"),
    [
        ({"order_id": "1002"}, "order_id: quoted for 1002, the order says 1001"),
        ({"tenant": "other"}, "tenant: quoted for other, the order says acme"),
        ({"platform": "mall"}, "platform: quoted for mall, the order says shop"),
        ({"value": usd(5_999)}, "total: quoted for 59.99 USD, the order says 60.00 USD"),
        ({"lane": {"origin": "CN", "destination": "AR"}}, "lane: quoted for CN-AR, the order says CN-BR"),
        ({"service": "air_charter"}, "service: quoted for air_charter, the order says air"),
        ({"service": ""}, "service: quoted for none, the order says air"),
    ],
)
def test_a_token_for_another_order_is_declined(quoted: dict[str, Any], detail: str) -> None:
    event = declined(placed(cover=asked_for(token=token(**quoted))))

    assert (event.reason, event.detail) == (DeclineReason.TOKEN_FOR_ANOTHER_ORDER, detail)


def test_a_token_binds_what_is_insured_and_not_the_total_alone() -> None:
    items = changed(PARCEL, ('basis = "order_total"', 'basis = "items"'))
    known = catalogue(settings("order-protection@2026.11.99"), extra=(items,))
    quoted = token(version="2026.11.99", basis=usd(1))

    event = declined(placed(cover=asked_for(token=quoted)), known)

    assert (event.reason, event.detail) == (
        DeclineReason.TOKEN_FOR_ANOTHER_ORDER,
        "basis: quoted for 0.01 USD, the order says 60.00 USD",
    )


def test_a_token_binds_the_exchange_rate_that_it_was_rated_at() -> None:
    known = catalogue(settings(FREIGHT, default=FREIGHT))
    value = Money.of(70_000_000, "CNY")
    quoted = rate("USD", "CNY", "0.75")
    given = token(
        product="freight-time-guarantee", premium=Money.of(34_602, "CNY"), value=value, basis=value, exchange=quoted
    )
    order = placed(70_000_000, "CNY", settlement_rate=rate("USD", "CNY", "7.2"), cover=asked_for(token=given))

    policy = bound(order, known)

    assert (policy.limit, policy.rates) == (Money.of(7_500_000, "CNY"), (quoted,))


def test_a_token_for_another_season_is_declined() -> None:
    order = placed(cover=asked_for(token=token(season="Q2")))

    assert declined(order).detail == "season: quoted for Q2, the order says Q4"


def test_a_token_that_was_quoted_without_a_promise_binds_no_season() -> None:
    assert bound(placed(cover=asked_for(token=token(season=None)))).quoted


def test_a_token_from_before_tokens_said_what_they_were_rated_by_still_holds() -> None:
    assert bound(placed(cover=asked_for(token=token(service=None, basis=None)))).quoted


def test_a_token_for_another_product_than_asked_for_is_declined() -> None:
    event = declined(placed(cover=asked_for("logistics-time-guarantee", token())))

    assert event.reason is DeclineReason.TOKEN_FOR_ANOTHER_ORDER


def test_an_expired_token_is_declined() -> None:
    event = declined(placed(cover=asked_for(token=token(expires_at=PLACED_AT + timedelta(seconds=59)))))

    assert event.reason is DeclineReason.TOKEN_EXPIRED


def test_a_token_holds_to_its_last_instant() -> None:
    assert bound(placed(cover=asked_for(token=token(expires_at=KNOWN_AT)))).quoted


def test_an_altered_token_is_declined() -> None:
    good = token()
    prefix, key_id, content, signature = good.split(".")
    other = token(premium=usd(1)).split(".")[2]
    altered = [
        f"{prefix}.{key_id}.{other}.{signature}",
        f"{prefix}.k1.{content}.{signature}",
        f"{prefix}.k9.{content}.{signature}",
        f"{prefix}.{key_id}.{content}.",
        f"{prefix}.{key_id}.{content}.{signature}=",
        good[:-1],
        "....",
        "wq1",
    ]

    for text in altered:
        assert declined(placed(cover=asked_for(token=text))).reason is DeclineReason.TOKEN_ALTERED, text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cover": CoverSelection(wanted=False)}, DeclineReason.NOT_WANTED),
        ({"tenant": "nobody"}, DeclineReason.UNKNOWN_TENANT),
        ({"cover": asked_for("moon-landing")}, DeclineReason.UNKNOWN_PRODUCT),
        ({"cover": asked_for("freight-time-guarantee")}, DeclineReason.NOT_OFFERED),
        ({"minor": 50_001}, DeclineReason.VALUE_OVER_LIMIT),
        ({"minor": 0}, DeclineReason.NOT_OFFERED),
        ({"cover": asked_for("logistics-time-guarantee"), "promise": None}, DeclineReason.NO_PROMISE),
        ({"currency": "EUR"}, DeclineReason.NO_EXCHANGE_RATE),
        ({"currency": "EUR", "settlement_rate": rate("EUR", "CNY", "7.8")}, DeclineReason.NO_EXCHANGE_RATE),
    ],
)
def test_an_order_is_declined_with_its_reason(changes: dict[str, Any], reason: DeclineReason) -> None:
    event = declined(placed(**changes))

    assert event.reason is reason
    assert event.detail


@pytest.mark.parametrize("given", [rate("USD", "BRL", "999999999999999999"), rate("BRL", "USD", "0.000000000001")])
def test_an_absurd_exchange_rate_is_declined_and_named(given: FxRate) -> None:
    event = declined(placed(6_000, "BRL", settlement_rate=given))

    assert event.reason == DeclineReason.NO_EXCHANGE_RATE
    assert event.detail.startswith("settlement_rate: ") and given.rate in event.detail


def test_lines_that_no_money_holds_are_refused_by_name() -> None:
    lines = tuple(OrderLine(line_id=str(i), sku="lamp", quantity=1, total=usd(MAX_INTEGER)) for i in range(2))
    with pytest.raises(ContractError, match=r"lines\.total: expected a sum of at most"):
        story().when(placed(lines=lines), KNOWN_AT)


def test_a_lane_that_the_product_is_not_sold_on_is_declined() -> None:
    body = changed(PARCEL, ("bind_within", 'lanes_except = ["*-BR"]\nbind_within'))
    known = catalogue(settings("order-protection@2026.11.99", default="order-protection@2026.11.99"), extra=(body,))

    assert declined(placed(), known).reason is DeclineReason.UNKNOWN_LANE
    assert bound(placed(destination="AR"), known).lane.destination == "AR"


def test_a_lane_that_no_clause_covers_is_declined() -> None:
    body = changed(GUARANTEE, ('clock = "promised_latest"', 'clock = "promised_latest"\nlanes = ["domestic"]'))
    key = "logistics-time-guarantee@2026.11.99"

    assert declined(placed(), catalogue(settings(key, default=key), extra=(body,))).reason is DeclineReason.UNKNOWN_LANE


def test_a_tenant_without_a_default_product_binds_only_what_is_asked_for() -> None:
    known = catalogue(settings(PARCEL, default=None))

    assert declined(placed(), known).reason is DeclineReason.NOT_OFFERED
    assert bound(placed(cover=asked_for("order-protection")), known).product == "order-protection"


def test_a_product_that_was_withdrawn_from_the_service_is_declined() -> None:
    known = catalogue(settings("order-protection@2020.1.1", default="order-protection@2020.1.1"))

    event = declined(placed(), known)

    assert (event.reason, event.product) == (DeclineReason.UNKNOWN_PRODUCT, "order-protection@2020.1.1")


def test_an_order_is_bound_to_the_last_instant_of_bind_within_and_not_after() -> None:
    """S: LOST is scanned, then a backdated OrderPlaced arrives."""
    in_time = story().when(placed(), PLACED_AT + timedelta(hours=72))
    late = declined(placed(), after=timedelta(hours=72, microseconds=1))

    assert isinstance(in_time[0], PolicyIssued)
    assert late.reason is DeclineReason.PLACED_TOO_LONG_AGO


def test_an_order_that_is_dated_far_ahead_is_declined() -> None:
    """S: an order of the year 2036 is insured until 2037."""
    in_time = story().when(placed(), PLACED_AT - timedelta(days=2))
    ahead = declined(placed(), after=-timedelta(days=2, microseconds=1))

    assert isinstance(in_time[0], PolicyIssued)
    assert ahead.reason is DeclineReason.NOT_OFFERED
    assert ahead.detail.startswith("dated ahead: placed 2026-11-01T09:00:00+00:00, known 2026-10-30")


def test_settings_count_as_they_stood_when_the_order_became_known() -> None:
    known = catalogue(settings(PARCEL), settings(GUARANTEE, default=GUARANTEE, since=KNOWN_AT + timedelta(seconds=1)))

    (before,) = story(known).when(placed(), KNOWN_AT)
    (after,) = story(known).when(placed(), KNOWN_AT + timedelta(seconds=1))

    assert isinstance(before, PolicyIssued)
    assert isinstance(after, PolicyIssued)
    assert (before.product, after.product) == ("order-protection", "logistics-time-guarantee")


def test_a_suspended_tenant_binds_nothing() -> None:
    known = catalogue(settings(), settings(since=KNOWN_AT, active=False))

    assert declined(placed(), known).reason is DeclineReason.UNKNOWN_TENANT


def test_an_order_waits_while_the_settings_at_its_instant_are_not_known_yet() -> None:
    """S: a tenant's new default takes effect while a process still holds the old settings."""
    deciding = Deciding(catalogue(settings(PARCEL), complete_until=KNOWN_AT - timedelta(seconds=1)))
    waiting = Story(deciding, StateCodec())

    assert waiting.when(placed(), KNOWN_AT) == ()
    assert (waiting.status, waiting.armed_at) == ("waiting", KNOWN_AT + timedelta(seconds=5))

    deciding.catalogue = catalogue(settings(PARCEL), settings(GUARANTEE, default=GUARANTEE, since=KNOWN_AT))
    (policy,) = waiting.until(KNOWN_AT + timedelta(seconds=5))

    assert isinstance(policy, PolicyIssued)
    assert (policy.product, policy.attached_at) == ("logistics-time-guarantee", KNOWN_AT)


def test_an_order_that_waits_outlives_the_facts_that_came_before_it() -> None:
    deciding = Deciding(catalogue(complete_until=KNOWN_AT - timedelta(seconds=3)))
    telling = Story(deciding, StateCodec())
    telling.when(refunded("r1", 1), KNOWN_AT - ORPHAN_KEPT + timedelta(seconds=2))
    telling.when(placed(), KNOWN_AT)
    telling.until(KNOWN_AT + timedelta(seconds=4))
    assert telling.status == "waiting"

    deciding.catalogue = catalogue()
    (event,) = telling.until(KNOWN_AT + timedelta(minutes=1))
    assert isinstance(event, PolicyIssued)


def test_an_order_told_twice_is_bound_once() -> None:
    telling = story()

    assert len(telling.when(placed(), KNOWN_AT)) == 1
    assert telling.when(placed(), KNOWN_AT + timedelta(days=1)) == ()
    assert telling.when(placed(7_000), KNOWN_AT + timedelta(days=1)) == ()


def test_a_declined_order_told_twice_is_declined_once() -> None:
    telling = story()

    assert len(telling.when(placed(50_001), KNOWN_AT)) == 1
    assert telling.when(placed(), KNOWN_AT + timedelta(hours=1)) == ()


def test_a_declined_order_leaves_no_state_after_thirty_three_days() -> None:
    telling = story()
    telling.when(placed(50_001), KNOWN_AT)

    telling.until(KNOWN_AT + timedelta(days=33) - timedelta(microseconds=1))
    assert telling.state is not None
    telling.until(KNOWN_AT + timedelta(days=33))
    assert telling.state is None


def test_a_cancelled_order_told_again_is_never_bound_anew() -> None:
    telling = story(catalogue(settings(FREIGHT, default=FREIGHT)))
    order = placed(occurred_at=KNOWN_AT + timedelta(days=2))
    telling.when(order, KNOWN_AT)
    telling.when(cancelled(), KNOWN_AT + timedelta(hours=1))

    for days in (8, 32, 34):
        assert not any(isinstance(each, PolicyIssued) for each in telling.when(order, KNOWN_AT + timedelta(days=days)))


def test_a_policy_leaves_no_state_thirty_three_days_after_it_ended() -> None:
    telling = story()
    telling.when(placed(), KNOWN_AT)

    assert telling.until(PLACED_AT + timedelta(days=273) - timedelta(microseconds=1)) == ()
    assert telling.state is not None
    assert telling.until(PLACED_AT + timedelta(days=273)) == ()
    assert telling.state is None


def test_a_fact_at_another_instant_than_it_happened_counts_from_when_it_was_known() -> None:
    telling = story().given(Known(placed(), KNOWN_AT + timedelta(hours=1)))

    (policy,) = telling.events
    assert isinstance(policy, PolicyIssued)
    assert policy.attached_at == KNOWN_AT + timedelta(hours=1)
