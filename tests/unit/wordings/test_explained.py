"""What `waybond wording check` says of a wording in sentences."""

from pathlib import Path

import pytest

from tests.support.wordings import FIELD, LATE, PRODUCTS, body, clause, exclusion, wording
from waybond_contracts.wording import parse
from waybond_local.wordings.explained import explained


def sentences(text: str, heading: str) -> tuple[str, ...]:
    return next(part.sentences for part in explained(parse(text)) if part.heading.startswith(heading))


def test_a_clause_with_a_clock_is_said_tier_by_tier() -> None:
    assert sentences(wording(LATE), "Clause LATE") == (
        "For all orders; it looks at each package alone.",
        "Not delivered 20 days after the order: it pays 10 % of what is insured.",
        "Not delivered 30 days after the order: it pays 30 % of what is insured.",
    )


def test_durations_are_said_by_lane() -> None:
    said = sentences(body(next(path for path in FIELD if path.stem == "aliexpress")), "Clause GUARANTEE-1")
    assert said[1] == (
        "Not delivered 90 days (for orders to Russian Federation), 120 days (for orders to Brazil) and 60 days "
        "(for all others) after the order: it pays all that is insured."
    )
    assert said[2] == "If it arrives after that was paid, the buyer keeps it."


def test_a_claim_its_window_deductible_limit_carrier_and_late_arrival_are_said() -> None:
    text = wording(
        clause(
            'trigger = "claim"\nany_of = [{ scan = "LOST" }, { clock = "last_scan", silent_for = "P9D" }]\n'
            'tiers = [{ share = "1" }]\nclaim_window = { clock = "order", opens = "P3D", closes = "P40D" }\n'
            'deductible = { share = "0.1", amount = { amount = "5" } }\nlimit = { amount = "80", currency = "USD" }\n'
            'ask_carrier = true\nanswer_within = "P2D"\nunanswered = "not_met"\nlate_arrival = "return"',
            "lost",
            "LO",
        ),
        exclusion('perils = ["lost"]\nscans = ["REFUSED", "UNCLAIMED"]'),
    )
    assert sentences(text, "Clause LO") == (
        "For all orders; it looks at each package alone.",
        "Met by the scan LOST: it pays all that is insured.",
        "Met if nothing was heard for 9 days, once there were scans at 2 times: it pays all that is insured.",
        "It pays only what somebody claims, 3 days after the order at the earliest and 40 days after the order at the "
        "latest.",
        "The larger of 10 % of the benefit and 5 in the order's currency stays with the buyer.",
        "All packages together get at most 80 USD.",
        "The carrier is asked first; if it does not answer within 2 days, the clause is not met.",
        "If it arrives after that was paid, the money is asked back.",
        "Exclusions: EX.",
    )
    assert sentences(text, "Exclusion EX") == (
        "Nothing is paid for what is lost if one of REFUSED or UNCLAIMED was scanned.",
        "It takes a benefit away only if that held when the benefit fell due.",
    )


def test_a_benefit_by_the_period_is_said_with_its_bounds() -> None:
    said = sentences(body(next(path for path in FIELD if path.stem == "weini")), "Clause GAP-1")
    assert said[1].endswith("it pays 5 % of what is insured for each started day, at least 5 CNY, at most 50 CNY.")


@pytest.mark.parametrize("path", [*PRODUCTS, *FIELD], ids=lambda path: path.stem)
def test_every_clause_and_exclusion_is_said(path: Path) -> None:
    read = parse(body(path))
    headings = [part.heading.split()[1] for part in explained(read) if part.path[0] in ("clause", "exclusion")]
    assert headings == [each.id for each in (*read.clause, *read.exclusion)]
    assert all(part.sentences for part in explained(read))


def test_what_people_are_asked_for_is_said() -> None:
    (path,) = [path for path in PRODUCTS if path.stem.startswith("return-and-dispute-cover")]
    text = body(path)
    assert sentences(text, "Clause DA-1")[1:] == (
        "Met by what is claimed: it pays all that is insured.",
        "It pays only what somebody claims.",
        "The buyer has 7 days to hand in photo of damage or video; without it nothing is paid, and the claim is "
        "closed.",
        "Above 200 USD the buyer has 21 days to hand in expert opinion; without it a person decides.",
        "With all of that it is paid by itself.",
        "The buyer can ask for another look for 30 days, with something new.",
        "Exclusions: EX-1.",
    )
    assert sentences(text, "Clause ND-1")[4:6] == (
        "It can be made good by money back or a part of the money for goods that the buyer keeps, at most 60 %, borne "
        "by the seller.",
        "First the buyer is offered 40 % of it (a part of the money for goods that the buyer keeps), for 5 days; who "
        "does not take it: a person decides.",
    )
    assert (
        "The seller has 5 days to answer; without an answer it is due as soon as the evidence is there."
        in sentences(text, "Clause MI-1")
    )
