"""A wording compiled for one lane: which watches tracking gets, and that each leads back to its clause."""

from datetime import timedelta

from tests.contract.pieces import WORDING
from waybond_contracts.places import Lane
from waybond_contracts.watches import WatchKind, compile_watches, conditions, watch_id
from waybond_contracts.wording import Clock, DeliveredBy, Scope, parse

CN_BR, CN_US, BR_BR = (Lane.parse(text) for text in ("CN-BR", "CN-US", "BR-BR"))

OWN_RULES = """
[[clause]]
id = "OR-1"
peril = "lost"
scope = "order"
delivered_by = ["door"]
any_of = [{ clock = "fulfilment", after_by_lane = { "*-BR" = "P120D", "*-US" = "P60D" } }]
tiers = [{ share = "1.00" }]
ask_carrier = true
answer_within = "PT48H"
"""


def test_every_tier_and_timed_condition_that_covers_the_lane_is_watched() -> None:
    watches = {watch.id: watch for watch in compile_watches(parse(WORDING), CN_BR)}
    assert {name: (watch.clock, watch.kind, watch.after) for name, watch in watches.items()} == {
        "TG-1:0:0": (Clock.PROMISED_LATEST, WatchKind.DEADLINE, timedelta(days=7)),
        "TG-1:0:1": (Clock.PROMISED_LATEST, WatchKind.DEADLINE, timedelta(days=15)),
        "LO-1:1:0": (Clock.LAST_SCAN, WatchKind.SILENCE, timedelta(days=30)),
        "LO-1:2:0": (Clock.PROMISED_LATEST, WatchKind.DEADLINE, timedelta(days=45)),
    }


def test_a_clause_or_condition_of_another_lane_is_not_watched() -> None:
    assert [watch.id for watch in compile_watches(parse(WORDING), CN_US)] == ["LO-1:1:0", "LO-1:2:0"]
    assert [watch.id for watch in compile_watches(parse(WORDING), BR_BR)] == ["TG-1:0:0", "TG-1:0:1", "LO-1:2:0"]


def test_what_a_watch_needs_to_know_is_compiled_into_it() -> None:
    wording = parse(WORDING.replace('period = "P180D"', 'period = "P180D", promise = "as_amended"') + OWN_RULES)
    plain, *_, own = compile_watches(wording, CN_BR)
    assert (plain.scope, plain.follow_promise, plain.ask_carrier, plain.answer_within) == (
        Scope.PACKAGE,
        True,
        False,
        None,
    )
    assert plain.delivered_by == wording.cover.delivered_by
    assert (own.id, own.scope, own.after, own.delivered_by) == (
        *("OR-1:0:0", Scope.ORDER, timedelta(days=120), (DeliveredBy.DOOR,)),
    )
    assert (own.ask_carrier, own.answer_within) == (True, timedelta(hours=48))


def test_a_lane_without_a_duration_is_not_watched() -> None:
    wording = parse(WORDING + OWN_RULES)
    assert "OR-1:0:0" not in {watch.id for watch in compile_watches(wording, Lane.parse("CN-DE"))}


def test_a_watch_leads_back_to_its_clause_condition_and_tier() -> None:
    wording = parse(WORDING + OWN_RULES)
    known = {
        watch_id(clause, c, t)
        for clause in wording.clause
        for c, _ in enumerate(conditions(clause))
        for t, _ in enumerate(clause.tiers)
    }
    assert {watch.id for watch in compile_watches(wording, CN_BR)} <= known
