"""What a wording says of claims that people file is read whole, or refused with the field that contradicts itself."""

from datetime import timedelta

import pytest

from tests.support.claims import PLAIN, only
from tests.support.filed import PARTS, PHOTO, clause, evidence, remedies
from waybond_contracts.claimed import RemedyKind
from waybond_contracts.errors import ContractError
from waybond_contracts.wording import parse

FULL = (
    evidence(PHOTO, '{ any_of = ["invoice"], above = { amount = "20" }, up_to = { amount = "50" }, within = "P9D" }'),
    'proven = "pay"',
    'seller = { answers_within = "P5D", silent = "pay" }',
    remedies(PARTS, '{ remedy = "return", within = "P14D" }'),
    'offer = { share = "0.50", open_for = "P10D", declined = "decide" }',
    'appeal = { within = "P30D" }',
)


def test_it_is_read() -> None:
    (read,) = parse(only(clause(*FULL))).clause
    photo, invoice = read.evidence
    assert (photo.of, photo.within, photo.absent) == ("buyer", timedelta(days=7), "close")
    assert (invoice.above, invoice.up_to) != (None, None)
    assert read.seller is not None
    assert (read.seller.answers_within, read.seller.silent) == (timedelta(days=5), "pay")
    assert [each.remedy for each in read.remedies] == [RemedyKind.REFUND, RemedyKind.PART_REFUND, RemedyKind.RETURN]
    assert [each.borne_by for each in read.remedies] == ["insurer", "seller", "insurer"]
    assert read.offer is not None
    assert (read.offer.remedy, read.offer.share) == (RemedyKind.PART_REFUND, "0.50")
    assert read.appeal is not None
    assert read.guided


def test_a_clause_that_says_nothing_of_it_is_what_it_was() -> None:
    assert not any(each.guided or each.proven != "refer" for each in parse(PLAIN).clause)
    assert not parse(only(clause())).clause[0].guided


INVOICE = '{ any_of = ["invoice"], within = "P7D" }'


@pytest.mark.parametrize(
    ("lines", "field", "expected"),
    [
        (
            [evidence('{ any_of = ["foto"], within = "P7D" }')],
            "clause.0.evidence.0.any_of.0",
            "one of 'photo_of_goods'",
        ),
        ([evidence('{ any_of = [], within = "P7D" }')], "clause.0.evidence.0.any_of", "at least 1"),
        ([evidence('{ any_of = ["video", "video"], within = "P7D" }')], "clause.0.evidence.0.any_of", "each kind"),
        ([evidence('{ any_of = ["video"] }')], "clause.0.evidence.0.within", "required"),
        ([evidence('{ any_of = ["video"], within = "P0D" }')], "clause.0.evidence.0.within", "above zero"),
        ([evidence('{ any_of = ["video"], within = "P7D", of = "carrier" }')], "clause.0.evidence.0.of", "'buyer'"),
        ([evidence('{ any_of = ["video"], within = "P7D", absnt = "pay" }')], "clause.0.evidence.0.absnt", "no field"),
        (
            [evidence('{ of = "seller", any_of = ["video"], within = "P7D", absent = "close" }')],
            "clause.0.evidence.0.absent",
            "pay or refer",
        ),
        (
            [evidence('{ any_of = ["video"], within = "P7D", above = { amount = "9" }, up_to = { amount = "9.00" } }')],
            "clause.0.evidence.0.up_to",
            "more than 9",
        ),
        ([evidence(INVOICE, INVOICE)], "clause.0.evidence", "each need once"),
        ([evidence(*[INVOICE] * 9)], "clause.0.evidence", "at most 8"),
        (['proven = "pay"'], "clause.0.proven", "evidence in clause DA-1"),
        (['seller = { silent = "pay" }'], "clause.0.seller.answers_within", "required"),
        (['seller = { answers_within = "PT0S" }'], "clause.0.seller.answers_within", "above zero"),
        (['seller = { answers_within = "P5D", silent = "close" }'], "clause.0.seller.silent", "'pay'"),
        ([remedies('{ remedy = "part_refund" }')], "clause.0.remedies.0.most", "a share with part_refund"),
        ([remedies('{ remedy = "refund", most = "0.5" }')], "clause.0.remedies.0.most", "no share"),
        ([remedies('{ remedy = "keep", most = "0.0" }')], "clause.0.remedies.0.most", "above zero"),
        ([remedies('{ remedy = "return" }')], "clause.0.remedies.0.within", "a duration with return"),
        ([remedies('{ remedy = "refund", within = "P1D" }')], "clause.0.remedies.0.within", "no duration"),
        ([remedies('{ remedy = "refund" }', '{ remedy = "refund" }')], "clause.0.remedies", "each remedy once"),
        ([remedies('{ remedy = "keep", most = "0.5" }')], "clause.0.remedies", "refund, return or credit"),
        ([remedies('{ remedy = "credit" }')], "clause.0.remedies", 'pays = "credit"'),
        ([remedies('{ remedy = "refund", borne_by = "buyer" }')], "clause.0.remedies.0.borne_by", "'insurer'"),
        (['offer = { share = "0.5", open_for = "P1D" }'], "clause.0.offer.remedy", "one of the remedies"),
        (
            [remedies(PARTS), 'offer = { share = "0.61", open_for = "P1D" }'],
            "clause.0.offer.share",
            "at most 0.60",
        ),
        ([remedies(PARTS), 'offer = { share = "0", open_for = "P1D" }'], "clause.0.offer.share", "above zero"),
        (
            [remedies(PARTS), 'offer = { share = "0.5", open_for = "P1D", remedy = "refund" }'],
            "clause.0.offer.remedy",
            "part_refund",
        ),
        (['appeal = { within = "P0D" }'], "clause.0.appeal.within", "above zero"),
    ],
)
def test_what_contradicts_is_refused(lines: list[str], field: str, expected: str) -> None:
    with pytest.raises(ContractError) as error:
        parse(only(clause(*lines)))
    assert error.value.field == field
    assert expected in str(error.value)


@pytest.mark.parametrize("line", [line for line in FULL if not line.startswith("proven")])
def test_nobody_files_what_is_paid_by_itself(line: str) -> None:
    body = clause(line, remedies(PARTS) if line.startswith("offer") else "", trigger="automatic").replace(
        "tiers", 'any_of = [{ scan = "DAMAGED" }]\ntiers'
    )
    with pytest.raises(ContractError, match='trigger = "claim" in clause DA-1') as error:
        parse(only(body))
    assert error.value.field.startswith("clause.0.")


def test_a_credit_alone_needs_tiers_that_pay_one() -> None:
    tiers = '[{ share = "1.00", pays = "credit" }]'
    assert parse(only(clause(remedies('{ remedy = "credit" }'), tiers=tiers))).clause[0].guided
    with pytest.raises(ContractError, match='pays = "refund"'):
        parse(only(clause(remedies('{ remedy = "refund" }'), tiers=tiers)))
