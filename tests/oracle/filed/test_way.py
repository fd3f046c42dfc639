"""The oracle of claims that people file: some hundred say what the product says; its own amounts by hand.

The order is worth 100.00; the claim is filed on day 5."""

from collections import Counter
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tests.oracle.filed import campaign
from tests.oracle.filed.__main__ import app
from tests.oracle.filed.draw import draw
from tests.oracle.filed.drive import Run
from tests.oracle.filed.facts import (
    DAY,
    END,
    Appealed,
    Back,
    Case,
    Does,
    Ended,
    Fact,
    Filed,
    First,
    Handed,
    Moved,
    Need,
    Received,
    Refunded,
    Said,
    Terms,
)
from tests.oracle.filed.way import Way

SEED, CHUNKS, EACH = 7, 8, 60
PHOTO = Need("buyer", ("photo_of_damage",), 7, "close")
PARTS = (("refund", None), ("part_refund", "0.60"))
HALF = First("part_refund", "0.50", 3, "refer")
CLAIM = Filed(at=5 * DAY)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_product_goes_the_way_that_the_oracle_goes(chunk: int) -> None:
    found = campaign.run(SEED, range(chunk * EACH, (chunk + 1) * EACH))
    assert found.failed == [], f"python -m tests.oracle.filed --seed {SEED} --only NUMBER tells each of them"
    assert found.owing > EACH // 3


def test_every_way_is_drawn() -> None:
    drawn: Counter[str] = Counter()
    for number in range(CHUNKS * EACH):
        drawn.update(campaign.met(Way(draw(SEED, number)).run()))
    ways = ("waits", "offers", "refers", "pays", "refused", "closed")
    answers = ("person: pay", "person: do_not_pay", "person: offer", "appeal: pay", "appeal: do_not_pay")
    steps = [f"return: {each}" for each in ("label", "handed_in", "back", "acknowledged")]
    for name in (
        *(f"claim {each}" for each in ways),
        *answers,
        *steps,
        "appeal: uphold",
        "keeper: pay",
        "offer accepted",
    ):
        assert drawn[name] >= 5, name


def owed(day: float, terms: Terms, *facts: Fact, **people: object) -> int:
    """What the oracle says is owed on a day, under the clause, of an order of 100.00."""
    look = int(day * DAY)
    return Way(replace(Case(10_000, terms, facts, looks=(look, END)), **people)).run().entitled[look]  # type: ignore[arg-type]  # people by their field


def test_a_claim_with_all_that_is_needed_pays_at_once() -> None:
    terms = Terms(share="0.75", needs=(PHOTO,), proven=True)
    photo = Handed(at=6 * DAY, by="buyer", kind="photo_of_damage", name="a")
    assert [owed(day, terms, CLAIM, photo) for day in (5.5, 6.5)] == [0, 7_500]
    assert owed(6.5, terms, replace(CLAIM, asked=4_000), photo) == 4_000
    assert owed(6.5, terms, CLAIM, replace(photo, by="seller")) == 0


def test_what_is_late_counts_within_the_time_for_an_appeal() -> None:
    """Asked for on day 5 until day 12; ten days more to appeal, or none."""
    photo = Handed(at=20 * DAY, by="buyer", kind="photo_of_damage", name="a")
    terms = Terms(needs=(PHOTO,), proven=True, appeal=10)
    assert owed(21, terms, CLAIM, photo) == 10_000
    assert owed(24, terms, CLAIM, replace(photo, at=23 * DAY)) == 0
    assert owed(21, replace(terms, appeal=None), CLAIM, photo) == 0


def test_silence_of_the_seller_means_what_the_clause_says() -> None:
    terms = Terms(seller=(4, "pay"))
    assert [owed(day, terms, CLAIM) for day in (8.9, 9.1)] == [0, 10_000]
    assert owed(9.1, replace(terms, seller=(4, "refer")), CLAIM) == 0
    assert owed(9.1, terms, CLAIM, Said(at=6 * DAY, response="contest")) == 0


def test_an_accepted_offer_is_all_that_is_paid() -> None:
    """Half is offered at once, and accepted an hour later. The bank gives 70 afterwards: 30 are left."""
    terms = Terms(remedies=PARTS, offer=HALF, appeal=30)
    accepts = {"wording": Does("accept", 60)}
    appeal = Appealed(at=7 * DAY, kind="invoice", name="b")
    assert owed(8, terms, CLAIM, appeal, buyer=accepts, lead=(Does("pay", 60),)) == 5_000
    assert owed(10, terms, CLAIM, Ended(at=9 * DAY, revision=1, minor=7_000), buyer=accepts) == 3_000


def test_an_offer_follows_what_comes_back_and_keeps_its_date() -> None:
    """Half of 100 until day 8; on day 6 the platform gives 20 back: half of 80, until day 8."""
    terms = Terms(remedies=PARTS, offer=HALF)
    way = Way(Case(10_000, terms, (CLAIM, Refunded(at=6 * DAY, minor=2_000)))).run()
    assert way.offers == [(5 * DAY, 5_000, 8 * DAY), (6 * DAY, 4_000, 8 * DAY)]


def test_a_seller_offers_no_more_than_the_clause_has() -> None:
    terms = Terms(share="0.50", remedies=PARTS, seller=(4, "nothing"))
    way = Way(Case(10_000, terms, (CLAIM, Said(at=6 * DAY, response="offer", minor=9_000)))).run()
    assert way.offers == [(6 * DAY, 3_000, 20 * DAY)]


def test_the_newest_outcome_of_a_dispute_counts() -> None:
    """Lost, and won after all: the bank's 40 are gone again, whichever word comes first."""
    won, lost = Ended(at=7 * DAY, revision=2, minor=0), Ended(at=6 * DAY, revision=1, minor=4_000)
    pays = (Does("pay", 60),)
    assert [owed(day, Terms(), CLAIM, lost, won, person=pays) for day in (6.5, 7.5)] == [6_000, 10_000]
    assert owed(8.5, Terms(), CLAIM, won, replace(lost, at=8 * DAY), person=pays) == 10_000


def test_an_appeal_needs_something_new_in_time() -> None:
    """A person refuses it on day 6, a lead pays 30 a day after the appeal."""
    people = {"person": (Does("do_not_pay", DAY),), "lead": (Does("pay", DAY, 3_000),)}
    new = Appealed(at=10 * DAY, kind="invoice", name="b")
    assert owed(12, Terms(appeal=10), CLAIM, new, **people) == 3_000
    assert owed(12, Terms(appeal=10), CLAIM, replace(new, kind=""), **people) == 0
    assert owed(18, Terms(appeal=10), CLAIM, replace(new, at=17 * DAY), **people) == 0
    assert owed(12, Terms(), CLAIM, new, **people) == 0


BACK = Back(
    label=3,
    unlabelled="refer",
    handed_in=10,
    not_handed_in="close",
    late="refer",
    back=45,
    not_back="pay",
    acknowledged=5,
    silent="pay",
    said=(("damaged", "refer"), ("empty", "refer"), ("missing", "refer"), ("other_item", "refer")),
)


def test_goods_that_have_to_come_back_are_paid_as_the_page_says() -> None:
    """The worked examples of docs/claims.md: filed on day 5 and accepted, a label on day 6, handed in on day 8, back on
    day 20. Received on day 21: 100 on that day. Silent: on day 25. Never handed in: nothing. Lost on day 12: then."""
    terms = Terms(seller=(4, "refer"), back=BACK)
    accepted = Said(at=5 * DAY + 3, response="accept")
    handed_in = Moved(at=8 * DAY, version=2, handed_in=8 * DAY)
    way = (CLAIM, accepted, Moved(at=6 * DAY, version=1))
    home = (*way, handed_in, replace(handed_in, at=20 * DAY, version=3, back=20 * DAY))
    assert [owed(day, terms, *home, Received(at=21 * DAY, condition="received")) for day in (20, 22)] == [0, 10_000]
    assert [owed(day, terms, *home) for day in (24, 26)] == [0, 10_000]
    assert [owed(day, terms, *home, Received(at=21 * DAY, condition="empty")) for day in (22, 200)] == [0, 0]
    assert owed(200, terms, *way) == 0
    lost = replace(handed_in, at=12 * DAY, version=3, lost=12 * DAY)
    assert [owed(day, terms, *way, handed_in, lost) for day in (11, 13)] == [0, 10_000]


def test_a_product_that_errs_is_told_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claims service that pays a cent less of everything above 1000 differs in a claim; it is told with its facts."""
    real = campaign.drive

    def wrong(case: Case) -> Run:
        run = real(case)
        return replace(run, entitled={look: minor - (minor > 1_000) for look, minor in run.entitled.items()})

    monkeypatch.setattr(campaign, "drive", wrong)
    number = campaign.run(SEED, range(10)).failed[0]
    told = CliRunner().invoke(app, ["--seed", str(SEED), "--only", str(number)])
    assert (told.exit_code, "the oracle says" in told.output) == (1, True)
    many = CliRunner().invoke(app, ["--seed", str(SEED), "--cases", str(number + 1), "--workers", "1"])
    assert (many.exit_code, f"--seed {SEED} --only {number}" in many.output) == (1, True)
