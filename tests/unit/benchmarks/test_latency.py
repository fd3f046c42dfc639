"""Latency is taken between Kafka's own instants, order by order."""

import pytest

from benchmarks.broker import Appended
from benchmarks.latency import Plan, delays_ms
from benchmarks.orders import Ids
from waybond_contracts.claims import ClaimOpened
from waybond_contracts.delays import ShipmentDelayed
from waybond_contracts.refunds import IssueRefund


def appended(number: int, event_type: str, milliseconds: int) -> Appended:
    return Appended(Ids(number).order_key.encode(), event_type.encode(), milliseconds)


def test_a_command_is_held_against_the_delay_of_its_own_order() -> None:
    triggers = [appended(n, ShipmentDelayed.event_type, 1_000 + n) for n in range(3)]
    commands = [appended(n, IssueRefund.event_type, 1_100 + n * 10) for n in (2, 0, 1)]
    assert delays_ms(triggers, commands, range(3)) == [100.0, 109.0, 118.0]


def test_orders_of_the_warm_up_and_other_events_are_left_out() -> None:
    triggers = [appended(0, ShipmentDelayed.event_type, 5), appended(1, ShipmentDelayed.event_type, 6)]
    commands = [
        appended(0, IssueRefund.event_type, 900),
        appended(1, ClaimOpened.event_type, 7),
        appended(1, IssueRefund.event_type, 16),
    ]
    assert delays_ms(triggers, commands, range(1, 2)) == [10.0]


def test_a_delay_that_was_never_answered_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        delays_ms([appended(1, ShipmentDelayed.event_type, 5)], [], range(2))


def test_a_plan_has_an_order_for_every_fact() -> None:
    plan = Plan(rate_per_second=100.0, warm_up=50, settling_seconds=2, measured_seconds=3)
    assert plan.unmeasured == 250
    assert plan.orders == 550
