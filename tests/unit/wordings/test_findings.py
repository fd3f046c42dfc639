"""Each finding of `waybond wording check`: a wording that has it, with the line it names, and one that does not."""

from pathlib import Path

import pytest

from tests.support.wordings import FIELD, LATE, PRODUCTS, clause, exclusion, found, wording
from waybond_contracts.places import countries
from waybond_local.wordings.check import check
from waybond_local.wordings.finding import CODES, Severity
from waybond_local.wordings.reading import read, read_text

SILENT = 'any_of = [{ clock = "last_scan", silent_for = "P9D" }]\ntiers = [{ share = "1" }]'
LOST = clause('any_of = [{ scan = "LOST" }]\ntiers = [{ share = "1" }]', "lost", "LOST")


RETURN = (
    'remedies = [{{ remedy = "return", journey = '
    '{{ handed_in_within = "P9D", back_within = "{}", acknowledged_within = "P5D" }} }}]'
)


def sent_back(within: str, peril: str) -> str:
    """A clause that pays what is claimed once the goods are back, within so long after they were handed in."""
    return clause(f'trigger = "claim"\ntiers = [{{ share = "1" }}]\n{RETURN.format(within)}', peril, "DA")


def scored(pay_from: int) -> str:
    """A clause whose table gives 59 points at most: 19, 30 for either of two places, 10 for a second scan."""
    points = "points = { neighbour = 30, locker = 30, second_scan = 10, photo = -5 }"
    score = f"[clause.score]\nstart = 19\n{points}\nrefer_from = 20\npay_from = {pay_from}"
    return clause(f'trigger = "claim"\ntiers = [{{ share = "1" }}]\n{score}', "not_received", "NR")


def heeding(condition: str, proven: str = 'proven = "pay"') -> str:
    """A clause that pays with a photo, and heeds this condition beside one over 90 days."""
    need = 'evidence = [{ of = "buyer", any_of = ["photo_of_damage"], within = "P7D" }]'
    heeds = f'refer_when = [\n{{ fact = "claims_90d", of = "buyer", above = 2 }},\n{condition},\n]'
    return clause(f'trigger = "claim"\ntiers = [{{ share = "1" }}]\n{need}\n{proven}\n{heeds}', "damaged", "DA")


def timed(after: str = "P20D", more: str = "", name: str = "LATE") -> str:
    """A clause of the order's clock with one tier of 10 %."""
    return clause(f'clock = "order"\ntiers = [{{ after = "{after}", share = "0.10" }}]\n{more}', name=name)


def tiers(text: str, more: str = "") -> str:
    return clause(f'clock = "order"\ntiers = [\n{text}\n]\n{more}')


def by_lane(durations: str) -> str:
    """A clause for orders to Brazil with these durations."""
    tier = f'[[clause.tiers]]\nshare = "1"\n[clause.tiers.after_by_lane]\n{durations}'
    return clause(f'clock = "order"\nlanes = ["*-BR"]\n{tier}')


def claimed(window: str) -> str:
    """A clause that pays what somebody claims when 20 days have gone since the order."""
    return timed(more=f'trigger = "claim"\nclaim_window = {{ clock = "order", {window} }}')


CASES: dict[str, tuple[str, str, str]] = {
    # code: a wording that has it, the line that is named, a wording that does not
    "cannot-be-sold": (
        wording(clause('clock = "delivered"\ntiers = [{ after = "P1D", share = "1" }]')),
        'clock = "delivered"',
        wording(LATE),
    ),
    "tier-out-of-order": (
        wording(tiers('{ after = "P30D", share = "0.1" },\n{ after = "P20D", share = "0.3" },')),
        '{ after = "P20D", share = "0.3" },',
        wording(tiers('{ after = "P20D", share = "0.1" },\n{ after = "P30D", share = "0.3" },')),
    ),
    "tier-pays-less": (
        wording(tiers('{ after = "P20D", share = "0.3" },\n{ after = "P30D", share = "0.1" },')),
        '{ after = "P30D", share = "0.1" },',
        wording(
            tiers('{ after = "P20D", amount = { amount = "3" } },\n{ after = "P30D", amount = { amount = "4" } },')
        ),
    ),
    "tier-adds-nothing": (
        wording(tiers('{ after = "P20D", share = "0.3" },\n{ after = "P30D", share = "0.3" },')),
        '{ after = "P30D", share = "0.3" },',
        wording(tiers('{ after = "P20D", share = "0.3" },\n{ after = "P30D", share = "0.4" },')),
    ),
    "pays-nothing": (
        wording(tiers('{ after = "P20D", share = "0" },')),
        '{ after = "P20D", share = "0" },',
        wording(tiers('{ after = "P20D", share = "0", at_least = { amount = "2" } },')),
    ),
    "least-above-most": (
        wording(tiers('{ after = "P20D", share = "0.1", at_least = { amount = "9" }, at_most = { amount = "8" } },')),
        '{ after = "P20D", share = "0.1", at_least = { amount = "9" }, at_most = { amount = "8" } },',
        wording(tiers('{ after = "P20D", share = "0.1", at_least = { amount = "8" }, at_most = { amount = "8" } },')),
    ),
    "sum-is-bounded": (
        wording(tiers('{ after = "P20D", amount = { amount = "9" }, at_most = { amount = "8" } },')),
        '{ after = "P20D", amount = { amount = "9" }, at_most = { amount = "8" } },',
        wording(tiers('{ after = "P20D", amount = { amount = "8" }, at_most = { amount = "8" } },')),
    ),
    "sum-above-limit": (
        wording(tiers('{ after = "P20D", amount = { amount = "501", currency = "USD" } },')),
        '{ after = "P20D", amount = { amount = "501", currency = "USD" } },',
        wording(tiers('{ after = "P20D", amount = { amount = "500", currency = "USD" } },')),
    ),
    "clause-limit-above-policy": (
        wording(timed(more='limit = { amount = "500.01", currency = "USD" }')),
        'limit = { amount = "500.01", currency = "USD" }',
        wording(timed(more='limit = { amount = "500", currency = "USD" }')),
    ),
    "package-limit-above-policy": (
        wording(LATE, cover="package_limit_minor = 50001\n"),
        "package_limit_minor = 50001",
        wording(LATE, cover="package_limit_minor = 50000\n"),
    ),
    "window-closes-first": (
        wording(claimed('opens = "P30D", closes = "P25D"')),
        'claim_window = { clock = "order", opens = "P30D", closes = "P25D" }',
        wording(claimed('opens = "P25D", closes = "P30D"')),
    ),
    "window-closes-before-met": (
        wording(claimed('closes = "P19D"')),
        'claim_window = { clock = "order", closes = "P19D" }',
        wording(claimed('closes = "P21D"')),
    ),
    "window-without-claim": (
        wording(timed(more='claim_window = { clock = "order", closes = "P30D" }')),
        'claim_window = { clock = "order", closes = "P30D" }',
        wording(claimed('closes = "P30D"')),
    ),
    "asks-nobody": (
        wording(timed(more='answer_within = "P3D"')),
        'answer_within = "P3D"',
        wording(timed(more='ask_carrier = true\nanswer_within = "P3D"')),
    ),
    "period-of-nothing": (
        wording(tiers('{ after = "P20D", share = "0.1", per = "P0D" },')),
        '{ after = "P20D", share = "0.1", per = "P0D" },',
        wording(tiers('{ after = "P20D", share = "0.1", per = "P1D" },')),
    ),
    "clause-covered-by-another": (
        wording(timed("P20D"), timed("P30D", name="LATER")),
        "[[clause]]",
        wording(timed("P20D"), timed("P30D", 'scope = "order"', name="LATER")),
    ),
    "exclusion-twice": (
        wording(LATE, exclusion('scans = ["REFUSED"]'), exclusion('scans = ["REFUSED"]', "EX-2")),
        "[[exclusion]]",
        wording(LATE, exclusion('scans = ["REFUSED"]'), exclusion('scans = ["UNCLAIMED"]', "EX-2")),
    ),
    "clause-on-no-lane": (
        wording(timed(more='lanes = ["*-BR"]\nlanes_except = ["*-BR"]')),
        'lanes = ["*-BR"]',
        wording(timed(more='lanes = ["*-BR"]\nlanes_except = ["CN-BR"]')),
    ),
    "lane-never": (
        wording(timed(more='lanes = ["*-BR", "CN-US"]\nlanes_except = ["*-US"]')),
        'lanes = ["*-BR", "CN-US"]',
        wording(timed(more='lanes = ["*-BR", "*-US"]\nlanes_except = ["CN-US"]')),
    ),
    "duration-never-used": (
        wording(by_lane('"*-BR" = "P20D"\n"*-US" = "P9D"')),
        '"*-US" = "P9D"',
        wording(by_lane('"*-BR" = "P20D"\n"CN-BR" = "P9D"')),
    ),
    "way-on-no-lane": (
        wording(
            clause(
                'lanes = ["international"]\n'
                'any_of = [\n{ scan = "HELD" },\n{ scan = "DELAYED", lanes = ["domestic"] },\n]\n'
                'tiers = [{ share = "1" }]'
            )
        ),
        '{ scan = "DELAYED", lanes = ["domestic"] },',
        wording(clause('any_of = [{ scan = "DELAYED", lanes = ["domestic"] }]\ntiers = [{ share = "1" }]')),
    ),
    "lane-without-way": (
        wording(tiers('{ after_by_lane = { "*-BR" = "P20D" }, share = "1" },')),
        "[[clause]]",
        wording(tiers('{ after = "P30D", after_by_lane = { "*-BR" = "P20D" }, share = "1" },')),
    ),
    "after-cover": (
        wording(timed("P101D")),
        'tiers = [{ after = "P101D", share = "0.10" }]',
        wording(timed("P100D")),
    ),
    "exclusion-takes-all": (
        wording(LATE, exclusion('perils = ["late"]\nlanes = ["*"]')),
        "[[exclusion]]",
        wording(LATE, exclusion('perils = ["late"]\nlanes = ["domestic"]')),
    ),
    "way-excluded": (
        wording(
            clause('any_of = [{ scan = "LOST" }, { scan = "DESTROYED" }]\ntiers = [{ share = "1" }]', "lost"),
            exclusion('scans = ["DESTROYED"]'),
        ),
        'scans = ["DESTROYED"]',
        wording(LOST, exclusion('scans = ["REFUSED"]')),
    ),
    "exclusion-never": (
        wording(timed(more='lanes = ["*-BR"]'), exclusion('lanes = ["*-US"]')),
        'lanes = ["*-US"]',
        wording(timed(more='lanes = ["*-BR"]'), exclusion('lanes = ["CN-BR"]')),
    ),
    "exclusion-of-no-clause": (
        wording(LATE, exclusion('scans = ["HELD"]\nperils = ["late", "lost"]')),
        'perils = ["late", "lost"]',
        wording(LATE, LOST, exclusion('scans = ["HELD"]\nperils = ["late", "lost"]')),
    ),
    "return-of-nothing": (
        wording(sent_back("P9D", "lost")),
        RETURN.format("P9D"),
        wording(sent_back("P9D", "damaged")),
    ),
    "score-never-pays": (
        wording(scored(60)),
        "pay_from = 60",
        wording(scored(59)),
    ),
    "refer-when-never": (
        wording(heeding('{ fact = "cards", of = "buyer", above = 128 }')),
        '{ fact = "cards", of = "buyer", above = 128 },',
        wording(heeding('{ fact = "cards", of = "buyer", above = 127 }')),
    ),
    "refer-when-covered": (
        # Three claims within 30 days are three within 90.
        wording(heeding('{ fact = "claims_30d", of = "buyer", above = 2 }')),
        '{ fact = "claims_30d", of = "buyer", above = 2 },',
        wording(heeding('{ fact = "claims_30d", of = "buyer", above = 1 }')),
    ),
    "refer-when-adds-nothing": (
        wording(heeding('{ fact = "same_photo", of = "photo", above = 0 }', "")),
        "refer_when = [",
        wording(heeding('{ fact = "same_photo", of = "photo", above = 0 }')),
    ),
    "return-without-end": (
        wording(sent_back("P360D", "damaged")),
        RETURN.format("P360D"),
        wording(sent_back("P300D", "damaged")),
    ),
    "benefit-without-bound": (
        wording(tiers('{ after = "P20D", share = "0.1", per = "P1D" },')),
        '{ after = "P20D", share = "0.1", per = "P1D" },',
        wording(tiers('{ after = "P20D", share = "0.1", per = "P1D" },', 'limit = { amount = "50" }')),
    ),
    "cover-without-end": (
        wording(LATE).replace("P100D", "P3650D"),
        'period = "P3650D"',
        wording(LATE),
    ),
    "needs-eta": (
        wording(clause('clock = "carrier_eta"\ntiers = [{ after = "P2D", share = "1" }]')),
        'clock = "carrier_eta"',
        wording(LATE),
    ),
    "needs-promise": (
        wording(clause('clock = "promised_latest"\ntiers = [{ after = "P2D", share = "1" }]')),
        'clock = "promised_latest"',
        wording(LATE),
    ),
    "needs-live-feed": (
        wording(clause(SILENT, "lost")),
        'any_of = [{ clock = "last_scan", silent_for = "P9D" }]',
        wording(clause(SILENT.replace('"P9D"', '"P9D", live_after = 1'), "lost")),
    ),
    "silence-counts-at-once": (
        wording(clause(SILENT.replace('"P9D"', '"P9D", live_after = 0'), "lost")),
        'any_of = [{ clock = "last_scan", silent_for = "P9D", live_after = 0 }]',
        wording(clause(SILENT, "lost")),
    ),
    "needs-categories": (
        wording(LATE, exclusion('categories = ["art"]')),
        'categories = ["art"]',
        wording(LATE, exclusion('scans = ["HELD"]')),
    ),
    "needs-rate": (
        wording(LATE),
        'limit_currency = "USD"',
        wording(tiers('{ after = "P20D", amount = { amount = "9", currency = "CNY" } },')),
    ),
    "needs-two-rates": (
        wording(tiers('{ after = "P20D", amount = { amount = "9", currency = "CNY" } },')),
        'limit_currency = "USD"',
        wording(LATE),
    ),
    "no-rate-is-enough": (
        wording(
            tiers('{ after = "P20D", amount = { amount = "9", currency = "CNY" } },'),
            timed(more='limit = { amount = "9", currency = "EUR" }', name="OTHER"),
        ),
        'limit_currency = "USD"',
        wording(LATE),
    ),
    "needs-person": (
        wording(LATE, exclusion('circumstance = "force_majeure"')),
        'circumstance = "force_majeure"',
        wording(LATE, exclusion('scans = ["HELD"]')),
    ),
    "periods-by-hand": (
        wording(clause(SILENT.replace('"1"', '"0.1", per = "P1D", at_most = { amount = "9" }'), "stalled")),
        'tiers = [{ share = "0.1", per = "P1D", at_most = { amount = "9" } }]',
        wording(tiers('{ after = "P20D", share = "0.1", per = "P1D" },')),
    ),
    "scan-without-time": (
        wording(clause('any_of = [{ scan = "HELD" }]\ntiers = [{ share = "1" }]')),
        'any_of = [{ scan = "HELD" }]',
        wording(LOST),
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_it_is_found_on_its_line(code: str) -> None:
    has, line, _ = CASES[code]
    assert found(has).get(code) == line


@pytest.mark.parametrize("code", CASES)
def test_it_is_not_found_where_it_is_not(code: str) -> None:
    assert code not in found(CASES[code][2])


def test_every_code_has_a_case() -> None:
    assert set(CODES) == {*CASES, "too-many-lanes"}


def test_a_plain_wording_needs_a_rate_and_nothing_else() -> None:
    assert found(wording(LATE)) == {"needs-rate": 'limit_currency = "USD"'}


@pytest.mark.parametrize("path", [*PRODUCTS, *FIELD], ids=lambda path: path.stem)
def test_no_product_that_comes_with_waybond_has_an_error(path: Path) -> None:
    assert [each for each in check(read(path)) if each.severity is Severity.ERROR] == []


def test_the_products_on_sale_have_no_warning() -> None:
    assert [each for path in PRODUCTS for each in check(read(path)) if each.severity is Severity.WARNING] == []


def test_a_wording_of_very_many_lanes_is_looked_through_in_part() -> None:
    some = countries()[:80]
    pairs = ", ".join(f'"{origin}-{destination}"' for origin, destination in zip(some, reversed(some), strict=True))
    assert found(wording(timed(more=f"lanes = [{pairs}]"))).keys() >= {"too-many-lanes"}


def test_two_clauses_of_one_peril_that_differ_in_lanes_stand_beside_each_other() -> None:
    one = timed("P20D", 'lanes = ["domestic"]')
    other = timed("P30D", 'lanes = ["international"]', name="LATER")
    assert "clause-covered-by-another" not in found(wording(one, other))


def test_of_two_equal_clauses_the_second_is_named() -> None:
    read = read_text("plain.toml", wording(timed(), timed(name="AGAIN")))
    assert [each.about for each in check(read) if each.code == "clause-covered-by-another"] == ["AGAIN"]


def test_a_clause_that_is_met_sooner_and_gives_less_counts_meanwhile() -> None:
    sooner = tiers('{ after = "P10D", share = "0.05" },')
    assert "clause-covered-by-another" not in found(wording(sooner, timed("P20D", name="LATER")))


def test_a_window_that_has_another_clock_where_there_is_no_promise_needs_none() -> None:
    claimed = 'trigger = "claim"\ntiers = [{ share = "1" }]\n'
    window = claimed + 'claim_window = { clock = "promised_latest", closes = "P9D" EACH }'
    assert "needs-promise" in found(wording(clause(window.replace("EACH", ""))))
    other = window.replace("EACH", ', otherwise = { clock = "order", closes = "P9D" }')
    assert "needs-promise" not in found(wording(clause(other)))
