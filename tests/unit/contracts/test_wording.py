"""A wording file is read whole or refused with the field that is wrong; a rule misspelt is never silently no rule."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from tests.contract.pieces import WORDING
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import MAX_DOCUMENT_CHARACTERS
from waybond_contracts.places import Lane
from waybond_contracts.shipments import ScanKind
from waybond_contracts.wording import Clock, Peril, Wording, WordingDocument, digest, parse

CN_BR, CN_US = Lane.parse("CN-BR"), Lane.parse("CN-US")


def refused(body: str) -> ContractError:
    with pytest.raises(ContractError) as error:
        parse(body)
    return error.value


def changed(old: str, new: str) -> str:
    assert WORDING.count(old) >= 1
    return WORDING.replace(old, new, 1)


def test_a_wording_is_read() -> None:
    wording = parse(WORDING)
    late, lost = wording.clause
    assert (late.id, late.peril, late.clock) == ("TG-1", Peril.LATE, Clock.PROMISED_LATEST)
    assert [(tier.after, tier.share) for tier in late.tiers] == [
        (timedelta(days=7), "0.10"),
        (timedelta(days=15), "0.30"),
    ]
    assert [condition.scan for condition in lost.any_of] == [ScanKind.LOST, None, None]
    assert wording.cover.period == timedelta(days=180)
    assert [clause.id for clause in wording.clauses_on(CN_BR)] == ["TG-1", "LO-1"]
    assert [clause.id for clause in wording.clauses_on(CN_US)] == ["LO-1"]


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("", "product", "the field is required"),
        ("clause = ", "wording", "TOML"),
        ("a = " + "[" * 30_000, "wording", "TOML"),
        ("# " + "x" * MAX_DOCUMENT_CHARACTERS, "wording", "at most 65536 characters"),
        (changed('version = "2026.11.1"', 'version = "2026-11"'), "version", "text of the form"),
        (changed('version = "2026.11.1"', "version = 2026-11-01"), "version", "a string"),
        (changed('peril = "late"', 'peril = "tardy"'), "clause.0.peril", "one of 'late'"),
        (changed('peril = "late"', 'peril = "late"\nlate_arival = "keep"'), "clause.0.late_arival", "no field"),
        (changed('share = "0.10"', "share = 0.10"), "clause.0.tiers.0.share", "a string"),
        (changed('share = "0.10"', 'share = "1.10"'), "clause.0.tiers.0.share", "text of the form"),
        (changed('share = "0.10"', 'share = "0.10", shares = "1"'), "clause.0.tiers.0.shares", "no field of that name"),
        (changed('after = "P7D", share = "0.10"', 'after = "P7D"'), "clause.0.tiers.0", "one of share and amount"),
        (changed('after = "P7D"', 'after = "P1M"'), "clause.0.tiers.0.after", "an ISO 8601 duration"),
        (changed('after = "P7D"', "after = 7"), "clause.0.tiers.0.after", "an ISO 8601 duration"),
        (changed('after = "P7D", ', ""), "clause.0.tiers", "an after in every tier of clause TG-1"),
        (changed('clock = "promised_latest"\n', ""), "clause.0", "exactly one of clock and any_of in clause TG-1"),
        (changed('"*-BR"', '"CN-ZZ"'), "clause.0.lanes.0", "a pattern such as CN-BR"),
        (
            changed('{ scan = "LOST" }', '{ scan = "LOST", after = "P1D" }'),
            "clause.1.any_of.0",
            "meets the peril at once",
        ),
        (changed('{ scan = "LOST" }', "{ }"), "clause.1.any_of.0", "exactly one of scan and clock"),
        (changed('{ scan = "LOST" }', '{ clock = "order" }'), "clause.1.any_of", "beside each clock in clause LO-1"),
        (
            *(changed('clock = "last_scan", silent_for', 'clock = "order", silent_for'), "clause.1.any_of.1"),
            "silent_for with the clock last_scan",
        ),
        (
            changed('tiers = [{ share = "1.00" }]', 'tiers = [{ share = "1" }, { share = "0.5" }]'),
            "clause.1.tiers",
            "one tier",
        ),
        (
            changed('tiers = [{ share = "1.00" }]', 'tiers = [{ after = "P1D", share = "1" }]'),
            "clause.1.tiers",
            "no after",
        ),
        (changed("limit_minor = 50000", "limit_minor = 500.0"), "cover.limit_minor", "an integer"),
        (changed("limit_minor = 50000", 'limit_minor = "50000"'), "cover.limit_minor", "an integer"),
        (changed("limit_minor = 50000", "limit_minor = 0"), "cover.limit_minor", "1 or more"),
        (changed("limit_minor = 50000", "limit_minor = 99999999999999999999"), "cover.limit_minor", "or less"),
        (changed('"USD"', '"XXQ"'), "cover.limit_currency", "an ISO 4217 currency code"),
        (changed('id = "LO-1"', 'id = "TG-1"'), "clause", "each id of a clause or exclusion once"),
        (WORDING + '\n[[exclusion]]\nid = "EX-1"\n', "exclusion.0", "something that exclusion EX-1 excludes"),
        (
            *(
                changed('share = "0.10"', 'amount = { amount = "5.005", currency = "USD" }'),
                "clause.0.tiers.0.amount.amount",
            ),
            "at most 2 decimals for USD",
        ),
        (
            *(
                changed('share = "0.10"', 'amount = { amount = "5", currency = "XXQ" }'),
                "clause.0.tiers.0.amount.currency",
            ),
            "an ISO 4217 currency code",
        ),
        (
            *(
                changed('share = "0.10"', 'amount = { amount = "-5", currency = "USD" }'),
                "clause.0.tiers.0.amount.amount",
            ),
            "text of the form",
        ),
    ],
)
def test_what_is_wrong_is_named(body: str, field: str, expected: str) -> None:
    error = refused(body)
    assert error.field == field
    assert expected in error.expected


def test_a_wording_cannot_ask_for_more_watches_than_a_policy_can_carry() -> None:
    clause = '[[clause]]\nid = "LO-{n}"\nperil = "lost"\nany_of = [{conditions}]\ntiers = [{{ share = "1" }}]\n'
    conditions = ", ".join('{ clock = "order", after = "P9D" }' for _ in range(8))
    many = "".join(clause.format(n=n, conditions=conditions) for n in range(2, 10))
    error = refused(WORDING + many)
    assert (error.field, error.expected) == ("clause", "at most 64 conditions and tiers to watch in all")


def test_the_closest_lane_gives_the_duration() -> None:
    body = changed(
        'after = "P7D"', 'after = "P7D", after_by_lane = { "*-BR" = "P20D", "CN-BR" = "P25D", "CN-*" = "P8D" }'
    )
    tier = parse(body).clause[0].tiers[0]
    lanes = ("CN-BR", "US-BR", "CN-US", "US-US")
    assert [tier.after_on(Lane.parse(lane)) for lane in lanes] == [timedelta(days=days) for days in (25, 20, 8, 7)]


def test_lanes_can_be_taken_out_again() -> None:
    clause = parse(changed('lanes = ["*-BR", "*-AR"]', 'lanes = ["international"]\nlanes_except = ["*-BR"]')).clause[0]
    assert (clause.on(CN_US), clause.on(CN_BR)) == (True, False)


def test_a_document_is_its_text_and_its_hash() -> None:
    document = WordingDocument.of(WORDING)
    assert document.sha256 == digest(WORDING)
    assert document.parsed() == parse(WORDING)
    assert isinstance(document.parsed(), Wording)


@pytest.mark.parametrize(
    ("body", "sha256", "field", "expected"),
    [
        ("a\x00b", digest("a\x00b"), "body", r"text of the form ^[^\x00]*$"),
        ("x" * (MAX_DOCUMENT_CHARACTERS + 1), digest("x"), "body", f"at most {MAX_DOCUMENT_CHARACTERS} characters"),
        (WORDING, digest("another"), "sha256", "the SHA-256 of the body"),
    ],
)
def test_a_document_that_cannot_be_kept_is_refused(body: str, sha256: str, field: str, expected: str) -> None:
    with pytest.raises(ValidationError) as error:
        WordingDocument(sha256=sha256, body=body)
    refused = contract_error(error.value)
    assert (refused.field, refused.expected) == (field, expected)
