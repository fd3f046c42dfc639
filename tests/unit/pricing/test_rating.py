"""Rating: the premium from a rating file, the factors from which it can be derived again, and bad files refused."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.support.pricing import usd
from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.policies import Factor, Premium
from waybond_pricing.files import ratings
from waybond_pricing.rating import RatingFile, Risk, parse_rating, rate

EXAMPLE = """
rating = "example-1"
note = "made up for tests"
source = "an example"
currency = "USD"
minimum_minor = { USD = 100, BRL = 700 }
[base]
all = { value = "0.010", observations = 1000 }
[base.region]
south-america = { value = "0.020", observations = 300 }
[base.destination]
BR = { value = "0.040", observations = 100 }
[base.lane]
CN-BR = { value = "0.080", observations = 100 }
[credibility]
base = "100"
service = "0"
season = "50"
value_band = "0"
[service]
air = { value = "0.5", observations = 10 }
[season]
Q4 = { value = "1.5", observations = 50 }
[[value_band]]
up_to_minor = 10000
value = "1"
observations = 10
[[value_band]]
value = "2"
observations = 10
[loading]
expense = { share = "0.20", source = "an example" }
[regions]
south-america = ["BR", "AR"]
[tax.BR]
name = "IOF"
rate = "0.0738"
source = "an example, not the law"
"""


def file(*replacements: tuple[str, str]) -> RatingFile:
    body = EXAMPLE
    for old, new in replacements:
        assert old in body
        body = body.replace(old, new)
    return parse_rating(body)


RISK = Risk(
    lane=Lane(origin="CN", destination="BR"),
    service="air",
    season_on=date(2026, 10, 1),
    value=usd(100_000),
    insured=usd(50_000),
)
UNTAXED = ('[tax.BR]\nname = "IOF"\nrate = "0.0738"\nsource = "an example, not the law"\n', "")


def factor(premium: Premium, name: str, key: str) -> Factor:
    (found,) = [factor for factor in premium.factors if (factor.name, factor.key) == (name, key)]
    return found


def test_a_premium_is_what_the_file_says() -> None:
    """Base: 0.0175 (region: Z 3/4), 0.02875 (destination: Z 1/2), 0.054375 (lane: Z 1/2); x 0.5 x 1.25 x 2 / 0.8."""
    premium = rate(file(UNTAXED), RISK)

    assert premium.net == premium.total == usd(4_248)
    assert premium.tax == usd(0)
    assert factor(premium, "base", "CN-BR").credibility == "0.5"
    assert factor(premium, "season", "Q4").credibility == "0.5"


def test_a_tax_by_destination_is_added_and_rounded_once() -> None:
    """Net 4248.046875, total 4248.046875 x 1.0738 = 4561.55..."""
    premium = rate(file(), RISK)

    assert (premium.net, premium.tax, premium.total) == (usd(4_248), usd(314), usd(4_562))
    assert factor(premium, "tax", "BR").result == premium.total
    elsewhere = rate(file(), replace(RISK, lane=Lane(origin="CN", destination="AR")))
    assert elsewhere.tax == usd(0)


def test_a_lane_without_history_uses_its_parent_group_and_says_so() -> None:
    premium = rate(file(), replace(RISK, lane=Lane(origin="CN", destination="AR")))

    lane, destination = factor(premium, "base", "CN-AR"), factor(premium, "base", "*-AR")
    assert (lane.observations, lane.credibility, lane.value) == (0, "0", "0.0175")
    assert lane.source == "no shipments of CN-AR in the history: the parent group (south-america) is used"
    assert "the parent group (south-america) is used" in destination.source


def test_a_lane_outside_all_regions_rests_on_all_shipments() -> None:
    premium = rate(file(), replace(RISK, lane=Lane(origin="CN", destination="FR")))

    assert "the parent group (all shipments) is used" in factor(premium, "base", "CN-FR").source
    assert [f.key for f in premium.factors if f.name == "base"] == ["*", "*-FR", "CN-FR"]


def test_more_history_counts_for_more() -> None:
    lane = 'CN-BR = { value = "0.080", observations = '
    premiums = [rate(file((f"{lane}100", f"{lane}{n}")), RISK) for n in (0, 1, 100, 10_000)]

    totals = [premium.total.minor for premium in premiums]
    assert totals == sorted(totals)
    assert totals[0] < totals[-1]


def test_a_service_without_history_is_neutral_and_says_so() -> None:
    premium = rate(file(), replace(RISK, service="pigeon"))

    assert factor(premium, "service", "pigeon").source == "no shipments of this service in the history: neutral"
    assert premium.net.minor == 8_496


@pytest.mark.parametrize(
    ("value", "band"), [(9_999, "up to 100.00 USD"), (10_000, "up to 100.00 USD"), (10_001, "above")]
)
def test_a_value_band_ends_with_its_own_end(value: int, band: str) -> None:
    assert factor(rate(file(), replace(RISK, value=usd(value))), "value_band", band)


@pytest.mark.parametrize(
    ("month", "quarter"), [(1, "Q1"), (3, "Q1"), (4, "Q2"), (6, "Q2"), (7, "Q3"), (9, "Q3"), (10, "Q4"), (12, "Q4")]
)
def test_the_season_is_the_quarter(month: int, quarter: str) -> None:
    assert factor(rate(file(), replace(RISK, season_on=date(2026, month, 15))), "season", quarter)


def test_a_small_cover_costs_the_minimum_of_its_currency() -> None:
    small = replace(RISK, insured=usd(100))
    in_reais = replace(small, value=Money.of(900, "BRL"), insured=Money.of(900, "BRL"), per_unit=Decimal("5.4321"))

    assert rate(file(UNTAXED), small).total == usd(100)
    assert rate(file(UNTAXED), in_reais).total == Money.of(700, "BRL")
    assert factor(rate(file(UNTAXED), small), "minimum", "USD").result == usd(100)


@pytest.mark.parametrize(("changes", "net"), [((UNTAXED,), 30), ((), 28)])
def test_a_premium_is_never_above_what_is_insured(changes: tuple[tuple[str, str], ...], net: int) -> None:
    """The minimum is 1.00 and 0.30 is insured: 0.30 is charged, with a tax of 7.38 % 0.28 of it net (0.2794)."""
    premium = rate(file(*changes), replace(RISK, insured=usd(30)))

    assert (premium.total, premium.net, premium.tax) == (usd(30), usd(net), usd(30 - net))
    assert factor(premium, "insured", "USD").result == usd(30)


def test_a_currency_without_a_minimum_of_its_own_has_that_of_the_file_converted() -> None:
    yen = Money.of(900, "JPY")

    premium = rate(file(UNTAXED), replace(RISK, value=yen, insured=yen, per_unit=Decimal("150.5")))

    assert premium.total == Money.of(151, "JPY")


def test_a_currency_without_an_exchange_rate_is_refused_by_name() -> None:
    euro = Money.of(10, "EUR")

    with pytest.raises(ContractError, match="currency: expected USD, or an exchange rate to it, got EUR"):
        rate(file(), replace(RISK, value=euro, insured=euro))


def test_half_a_minor_unit_is_rounded_up() -> None:
    """40 x 0.01 / 0.8 = 0.5."""
    plain = file(UNTAXED, ("USD = 100", "USD = 0"))
    risk = replace(
        RISK,
        lane=Lane(origin="CN", destination="FR"),
        service="",
        season_on=date(2026, 5, 1),
        value=usd(40),
        insured=usd(40),
    )

    assert rate(plain, risk).net.minor == 1
    assert rate(plain, replace(risk, insured=usd(39))).net.minor == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('share = "0.20"', 'share = "1"', "loading"),
        ("USD = 100, ", "", "minimum_minor"),
        ("up_to_minor = 10000", "", "value_band"),
        ('south-america = ["BR", "AR"]', "", "base.region"),
        ('value = "0.010"', 'value = "-0.010"', "base.all.value"),
        ('value = "0.010"', "value = 0.010", "base.all.value"),
        ("observations = 1000", "observations = -1", "base.all.observations"),
        ('note = "made up for tests"', "", "note"),
        ('rate = "0.0738"', 'rate = "0.0738"\nrates = 1', "tax.BR.rates"),
        ("[tax.BR]", "[tax.XX]", "tax.XX"),
        ('rating = "example-1"', "rating = ", "rating"),
    ],
)
def test_a_rating_file_that_is_wrong_is_refused_by_the_field(old: str, new: str, message: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(ContractError) as refused:
        parse_rating(EXAMPLE.replace(old, new, 1))
    assert message in str(refused.value)


def test_every_rating_file_of_the_service_says_that_it_is_no_market_rate() -> None:
    notes = {name: parse_rating(body).note for name, body in ratings().items()}

    assert len(notes) == 4
    for note in notes.values():
        assert note.startswith("Synthetic: ")
        assert note.endswith(", not a market rate.")
