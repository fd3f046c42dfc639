"""The rating files are what the history gives, byte for byte; and the estimators do what their formulas say."""

from decimal import Decimal
from pathlib import Path

import pytest

from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.wording import parse
from waybond_local.history import fit, scms
from waybond_pricing.catalogue import Product
from waybond_pricing.files import products, ratings
from waybond_pricing.rating import Risk, parse_rating, rate


@pytest.fixture(scope="module")
def history() -> scms.History:
    return scms.read()


BY_HAND = "return-and-dispute-cover"
"""No history says anything of what it covers."""


def with_history() -> dict[str, Product]:
    return {key: each for key, each in products().items() if each.name != BY_HAND}


def test_every_product_is_rated_by_a_file_of_its_own() -> None:
    assert {product.terms.rating for product in products().values()} == set(ratings())


def test_what_no_history_tells_is_rated_by_assumptions_alone() -> None:
    (rating,) = [parse_rating(text) for name, text in ratings().items() if name.startswith(BY_HAND)]
    assert (rating.base.all.value, rating.base.all.observations) == ("0", 0)
    assert {name: each.value for name, each in rating.assumption.items()} == {
        "damaged": "0.0030",
        "not_as_described": "0.0050",
        "missing": "0.0015",
    }


def test_another_year_gives_other_figures_in_files_of_their_own(history: scms.History) -> None:
    texts = fit.fit_all(2012, history)

    assert set(texts) == {
        f"{name.removesuffix('-2014.1')}-2012.1.toml" for name in ratings() if name.endswith("-2014.1")
    }
    for text in texts.values():
        assert "2006-2011" in parse_rating(text).source


def test_fitting_again_gives_the_committed_files_byte_for_byte_and_check_says_which_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit.main(["--out", str(tmp_path)]) == 0
    written = {file.name.removesuffix(".toml"): file.read_text() for file in tmp_path.iterdir()}
    assert written == {name: text for name, text in ratings().items() if not name.startswith(BY_HAND)}
    (tmp_path / "order-protection-2014.1.toml").write_text("rating = 1\n")
    assert fit.main(["--out", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().err == "order-protection-2014.1.toml is not what the history gives\n"


def test_premiums_of_the_fitted_history_add_up_to_its_cost(history: scms.History) -> None:
    """The balance makes expected cost equal to actual cost, within the four decimals that it is rounded to."""
    for product in with_history().values():
        tariff = {"bands_minor": [500_000, 2_500_000, 10_000_000, 25_000_000], "regions": {}}
        tariff |= {"timing_only": product.name != "freight-time-guarantee"}
        observations = fit.observe(history, product.wording, tariff, 2014)
        fitted = fit.fit(observations)
        expected = sum((fit.expected_cost(fitted, seen) * seen.insured for seen in observations), Decimal(0))
        actual = sum((seen.loss * seen.insured for seen in observations), Decimal(0))
        assert abs(expected / actual - 1) < Decimal("0.0001")


def test_orders_of_the_year_and_later_are_not_looked_at(history: scms.History) -> None:
    wording = products()["freight-time-guarantee@2026.11.1"].wording
    tariff = {"bands_minor": [], "regions": {}}

    before = fit.observe(history, wording, tariff, 2014)
    with_year = fit.observe(history, wording, tariff, 2015)

    assert len(before) == 4_684
    assert with_year[: len(before)] != [] and len(with_year) > len(before)


def test_k_is_the_spread_within_groups_over_the_spread_between_their_means() -> None:
    """Two groups of two: within 0.5, means 0.5 and 3.5; between = (2 x 1.5^2 x 2 - 0.5) / (4 - 8/4) = 4.25."""
    groups = {"a": [Decimal(0), Decimal(1)], "b": [Decimal(3), Decimal(4)]}

    assert fit.credibility_k(groups) == 1
    spread = {"a": [Decimal(0), Decimal(10)], "b": [Decimal(6), Decimal(16)]}
    assert fit.credibility_k(spread) == fit.MAX_K


def test_groups_that_do_not_differ_count_for_nothing() -> None:
    same = {"a": [Decimal(0), Decimal(1)], "b": [Decimal(0), Decimal(1)]}

    assert fit.credibility_k(same) == fit.MAX_K
    assert fit.credibility_k({"a": [Decimal(1)]}) == fit.MAX_K


def test_the_benefit_is_that_of_the_highest_tier_that_the_delay_passed(history: scms.History) -> None:
    wording = parse(products()["freight-time-guarantee@2026.11.1"].document.body)
    shares = {0: 0, 7: 0, 8: 1, 15: 1, 16: 3, 31: 6, 60: 6, 61: 12}
    seen = set()
    for order in history.orders:
        for package in order.packages:
            if len(order.packages) == 1 and package.days_late in shares:
                expected = Decimal(shares[package.days_late]) / 100 * package.value_usd_cents
                assert fit.benefit(wording, order) == expected
                seen.add(package.days_late)
    assert len(seen) >= 6


def test_the_loss_ratios_that_the_documentation_names(history: scms.History) -> None:
    """Benefits over premiums of the freight guarantee: on the fitted years, on 2014 and on 2015."""
    product = products()["freight-time-guarantee@2026.11.1"]
    most, limit = 100_000_000, product.wording.cover.limit_minor
    sums = {"fitted": [Decimal(0), Decimal(0)], "2014": [Decimal(0), Decimal(0)], "2015": [Decimal(0), Decimal(0)]}
    for order in history.orders:
        value, year = order.value_usd_cents, order.promised_on.year
        if not 0 < value <= most:
            continue
        risk = Risk(
            lane=Lane(origin=order.origin_hint or order.destination, destination=order.destination),
            service=order.packages[0].mode or "",
            season_on=order.promised_on,
            value=Money.of(value, "USD"),
            insured=Money.of(min(value, limit), "USD"),
        )
        both = sums["fitted" if year < 2014 else str(year)]
        both[0] += min(fit.benefit(product.wording, order), Decimal(limit))
        both[1] += rate(product.rating, risk).net.minor

    ratios = {name: int((100 * benefits / premiums).to_integral_value()) for name, (benefits, premiums) in sums.items()}
    assert ratios == {"fitted": 69, "2014": 187, "2015": 107}
