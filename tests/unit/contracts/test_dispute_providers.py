"""Providers' codes, states and deadlines mean what the facts say that were collected apart from the tables."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.sources import ROOT
from waybond_contracts.disputes import DisputeOutcome, DisputeReason, DisputeStage
from waybond_contracts.providers import answer_within, reason_of, state_of
from waybond_contracts.providers.tables import key, read

FACTS = ROOT / "tests" / "fixtures" / "disputes"
CODES: dict[str, Any] = json.loads((FACTS / "codes.json").read_text(encoding="utf-8"))
WORDS: dict[str, Any] = json.loads((FACTS / "words.json").read_text(encoding="utf-8"))["words"]
AFTER_JULY_2025 = datetime(2026, 3, 1, tzinfo=UTC)
CHARGEBACK = DisputeStage.CHARGEBACK


def codes() -> list[tuple[str, str, dict[str, Any]]]:
    """Each code alone; the compliance cases of Visa are one row of eleven codes."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for row in CODES["codes"]:
        first, dots, last = row["code"].partition("..")
        each = [f"C{number:03}" for number in range(int(first[1:]), int(last[1:]) + 1)] if dots else [row["code"]]
        found += [(row["network"], code, row) for code in each]
    return found


def test_the_facts_are_119_rows() -> None:
    assert (len(CODES["codes"]), len(codes())) == (119, 129)


@pytest.mark.parametrize(("network", "code", "row"), codes(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_code_means_what_its_scheme_says(network: str, code: str, row: dict[str, Any]) -> None:
    reading = reason_of(network, code)
    assert reading.known
    assert reading.code == code
    if row["canonical"] is None:
        assert set(reading.ambiguous) == set(row["may_be"])
        assert reading.reason is DisputeReason.OTHER
    else:
        assert (reading.reason, reading.ambiguous) == (DisputeReason(row["canonical"]), ())


def test_no_table_has_a_code_twice_or_one_that_the_facts_do_not_have() -> None:
    known = {(network, key(code)) for network, code, _ in codes()}
    for name, table in read("reasons").items():
        if name == "categories" or "reads" in table:
            continue
        listed = [key(code) for each in table["reasons"].values() for code in each]
        listed += [key(code) for code in table.get("ambiguous", {})]
        assert len(listed) == len(set(listed)), name
        if any(network == name for network, _ in known):
            assert {(name, code) for code in listed} <= known


@pytest.mark.parametrize("word", WORDS["stripe"]["reason"])
def test_every_reason_of_stripe_is_known(word: str) -> None:
    assert reason_of("stripe", word).known


@pytest.mark.parametrize(
    ("written", "code"),
    [(" 4855", "4855"), ("4855 ", "4855"), ("\t4855", "4855"), ("MC4855", None)],
)
def test_blanks_around_a_code_do_not_matter(written: str, code: str | None) -> None:
    reading = reason_of("Mastercard", written)
    assert (reading.known, reading.code) == (code is not None, code or written)


@pytest.mark.parametrize("written", ["13.1", "131", " 13.1 ", "13-1"])
def test_dots_of_a_code_do_not_matter(written: str) -> None:
    assert reason_of("VISA", written).code == "13.1"


@pytest.mark.parametrize("written", ["ItemNotReceived", "ITEM_NOT_RECEIVED", "item not received", "itemnotreceived"])
def test_capitals_and_underscores_do_not_matter(written: str) -> None:
    assert reason_of("ebay", written).reason is DisputeReason.NOT_RECEIVED


def test_a_category_decides_what_an_ambiguous_code_means() -> None:
    assert reason_of("mastercard", "4853", "product_not_received").reason is DisputeReason.NOT_RECEIVED
    assert reason_of("mastercard", "4853", "Goods or services not provided").reason is DisputeReason.NOT_RECEIVED
    assert reason_of("mastercard", "4853", "COUNTERFEIT").reason is DisputeReason.COUNTERFEIT
    assert reason_of("mastercard", "4853", "arrived_damaged").reason is DisputeReason.DAMAGED
    assert reason_of("mastercard", "4834", "duplicate").reason is DisputeReason.DUPLICATE_OR_PAID_OTHERWISE


@pytest.mark.parametrize("category", ["", "consumer_dispute", "fraudulent"])
def test_a_category_that_is_none_of_the_candidates_decides_nothing(category: str) -> None:
    reading = reason_of("mastercard", "4853", category)
    assert reading.reason is DisputeReason.OTHER
    assert len(reading.ambiguous) == 5


def test_a_category_says_more_exactly_what_is_not_as_described_and_nothing_else() -> None:
    assert reason_of("klarna", "faulty_goods", "missing_items").reason is DisputeReason.MISSING_PARTS
    assert reason_of("paypal", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED", "DIFFERENT").reason is DisputeReason.DIFFERENT
    assert reason_of("visa", "10.4", "arrived_damaged").reason is DisputeReason.UNAUTHORIZED


def test_a_payment_company_hands_on_the_schemes_codes() -> None:
    assert reason_of("adyen", " 4855").reason is DisputeReason.NOT_RECEIVED
    assert reason_of("adyen", "13.1").reason is DisputeReason.NOT_RECEIVED
    assert reason_of("braintree", "C08").reason is DisputeReason.NOT_RECEIVED


def test_a_code_that_two_schemes_use_for_different_things_is_ambiguous() -> None:
    reading = reason_of("adyen", "4863")
    assert set(reading.ambiguous) == {DisputeReason.UNAUTHORIZED, DisputeReason.PROCESSING_OR_AUTH}


@pytest.mark.parametrize(("provider", "code"), [("visa", "99.9"), ("nobody", "13.1"), ("", "13.1"), ("visa", "")])
def test_a_code_that_no_table_has_is_other_and_not_known(provider: str, code: str) -> None:
    reading = reason_of(provider, code)
    assert (reading.reason, reading.known, reading.code) == (DisputeReason.OTHER, False, code)


def test_what_follows_an_at_names_the_list_of_the_code() -> None:
    assert reason_of("aliexpress", "Color_not_as_described@3rdIssueReason").reason is DisputeReason.NOT_AS_DESCRIBED


# states


@pytest.mark.parametrize("provider", sorted(WORDS))
def test_every_state_of_a_provider_is_known(provider: str) -> None:
    words = [
        word for name, each in WORDS[provider].items() if name not in ("reason", "event_to_stage") for word in each
    ]
    assert [word for word in words if not state_of(provider, word).known] == []


def test_the_states_of_adyen_are_the_stages_that_its_facts_name() -> None:
    for event, stage in WORDS["adyen"]["event_to_stage"].items():
        said = state_of("adyen", event).stage
        moved = event != "CHARGEBACK_REVERSED" and stage.split()[0] in set(DisputeStage)
        assert said == (DisputeStage(stage.split()[0]) if moved else None), event


def test_a_state_of_klarna_needs_the_version() -> None:
    assert state_of("klarna-v3", "PRE-ARBITRATION").stage is DisputeStage.CHARGEBACK
    assert state_of("klarna-v4", "PRE_ARBITRATION").stage is DisputeStage.PRE_ARBITRATION
    assert not state_of("klarna", "PRE_ARBITRATION").known


@pytest.mark.parametrize(
    ("provider", "word", "stage", "outcome"),
    [
        ("stripe", "warning_under_review", DisputeStage.INQUIRY, None),
        ("stripe", "under_review", CHARGEBACK, None),
        ("stripe", "lost", None, DisputeOutcome.BUYER_FAVOUR),
        ("stripe", "won", None, DisputeOutcome.SELLER_FAVOUR),
        ("paypal", "RESOLVED_WITH_PAYOUT", None, DisputeOutcome.PAYOUT),
        ("paypal", "CANCELED_BY_BUYER", None, DisputeOutcome.CANCELLED),
        ("paypal", "UNDER_REVIEW", None, None),
        ("adyen", "SECOND_CHARGEBACK", None, DisputeOutcome.BUYER_FAVOUR),
    ],
)
def test_a_state_is_a_stage_or_an_outcome(
    provider: str, word: str, stage: DisputeStage | None, outcome: DisputeOutcome | None
) -> None:
    state = state_of(provider, word)
    assert (state.stage, state.outcome, state.known) == (stage, outcome, True)


@pytest.mark.parametrize(("provider", "word"), [("stripe", "lost_in_space"), ("nobody", "won"), ("", "")])
def test_a_state_that_no_table_has_is_not_known(provider: str, word: str) -> None:
    assert not state_of(provider, word).known


# deadlines


def days(provider: str, stage: DisputeStage, at: datetime = AFTER_JULY_2025, **fields: Any) -> int | None:
    found = answer_within(provider, stage, at, **fields)
    return None if found is None else found.within // timedelta(days=1)


def test_visas_time_fell_in_july_2025() -> None:
    """30 days until the twentieth, in UTC; then 9 in the United States and Canada and 18 elsewhere."""
    last = datetime(2025, 7, 20, 23, 59, 59, tzinfo=UTC)
    assert days("visa", CHARGEBACK, last, region="DE") == 30
    assert days("visa", CHARGEBACK, last + timedelta(seconds=1), region="DE") == 18
    assert days("visa", CHARGEBACK, last + timedelta(seconds=1), region="US") == 9
    assert days("visa", CHARGEBACK, last + timedelta(seconds=1), region="CA") == 9


def test_without_a_region_or_a_reason_the_shortest_time_counts() -> None:
    assert days("visa", CHARGEBACK) == 9
    assert days("klarna", CHARGEBACK) == 7
    assert days("klarna", CHARGEBACK, reason=DisputeReason.UNAUTHORIZED) == 7
    assert days("klarna", CHARGEBACK, reason=DisputeReason.NOT_RECEIVED) == 21
    assert days("adyen", CHARGEBACK) == 9


def test_a_stage_or_provider_of_which_no_table_speaks_has_no_time() -> None:
    assert days("visa", DisputeStage.INQUIRY) is None
    assert days("paypal", CHARGEBACK) is None
    assert days("", CHARGEBACK) is None


STAGES = {"COLLABORATION": "INQUIRY"}


def sellers() -> list[dict[str, Any]]:
    """The times of the facts in which a seller answers a scheme; those of one payment company are its own field."""
    rows = [row for row in CODES["deadlines"] if row["who"] in ("merchant", "either") and row["days"]]
    return [row for row in rows if row["stage"] != "FILING"]


@pytest.mark.parametrize("row", sellers(), ids=lambda row: f"{row['scheme']}-{row['stage']}-{row['days']}")
def test_a_time_to_answer_is_that_of_the_facts(row: dict[str, Any]) -> None:
    at = AFTER_JULY_2025 if "until" not in row else datetime.fromisoformat(f"{row['until']}T00:00:00+00:00")
    fields: dict[str, Any] = {}
    if row.get("regions", ["*"])[0] != "*":
        fields["region"] = row["regions"][0] if len(row["regions"]) > 1 else "DE"
    if "reasons" in row:
        unauthorized = row["reasons"] == ["UNAUTHORIZED"]
        fields["reason"] = DisputeReason.UNAUTHORIZED if unauthorized else DisputeReason.DAMAGED
    assert days(row["scheme"], DisputeStage(STAGES.get(row["stage"], row["stage"])), at, **fields) == row["days"]
