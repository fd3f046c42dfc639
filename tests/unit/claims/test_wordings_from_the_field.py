"""Six wordings from the field as files, and the parcel that took three months to Brazil under three of them."""

from datetime import timedelta

import pytest

from tests.support.claims import (
    PLACED,
    WORDINGS,
    ClaimsStory,
    complaint,
    day,
    delivered,
    fell_due,
    issued,
    journey,
    line,
    lost,
    package,
    placed,
    ruling,
    usd,
    wording,
)
from waybond_claims.adjudication.terms import terms
from waybond_contracts.claims import ClaimApproved, ClaimDenied, ClaimReferred, DenialReason
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Lane
from waybond_contracts.refunds import IssuePayout, IssueRefund
from waybond_contracts.watches import compile_watches
from waybond_contracts.wording import Clock, Scope, parse

BOOKED = PLACED + timedelta(days=2)
BOOKED_PACKAGE = package("P1", booked_at=BOOKED)


def after(body: str, lane: str) -> dict[str, int]:
    """Days until each watch on a lane falls due."""
    return {watch.id: watch.after.days for watch in compile_watches(parse(body), Lane.parse(lane))}


@pytest.mark.parametrize("path", sorted(WORDINGS.glob("*.toml")), ids=lambda path: path.stem)
def test_each_is_a_wording(path: object) -> None:
    name = getattr(path, "stem", "")
    read = parse(wording(name))
    assert read.product == name
    ready = terms(wording(name), "CN", "BR")
    assert [rule.clause.id for rule in ready.rules] == [clause.id for clause in read.clause]


def test_the_numbers_of_the_field() -> None:
    wish = wording("wish")
    assert after(wish, "CN-BR") == {"LIABLE-1:0:0": 29}
    assert after(wish, "CN-GB") == {"LIABLE-1:0:0": 12}
    assert after(wish, "CN-ZA") == {"LIABLE-1:0:0": 37}
    assert after(wish, "CN-JP") == {}
    assert after(wording("aliexpress"), "CN-BR") == {"GUARANTEE-1:0:0": 120}
    assert after(wording("aliexpress"), "CN-RU") == {"GUARANTEE-1:0:0": 90}
    assert after(wording("aliexpress"), "CN-FR") == {"GUARANTEE-1:0:0": 60}
    assert after(wording("seel"), "US-US") == {"DELAY-1:0:0": 10, "LOSS-1:1:0": 30}
    assert after(wording("seel"), "CN-BR") == {"DELAY-2:0:0": 30, "LOSS-1:2:0": 60}
    assert after(wording("route"), "US-US") == {"LOST-1:0:0": 7, "LOST-1:2:0": 2}
    assert after(wording("weini"), "CN-CN") == {"GAP-1:0:0": 2}
    assert after(wording("weini"), "CN-DE") == {"GAP-1:1:0": 5}


def brazil(name: str) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(wording(name)))
    return story


def test_brazil_under_wish_the_seller_is_liable_on_day_29() -> None:
    story = brazil("wish")
    story.when(complaint(day(20)))
    assert story.last(ClaimDenied).eligible_at == day(29)
    story.when(fell_due("LIABLE-1:0:0", day(29), timedelta(days=29), package_id=None, clock=Clock.ORDER))
    assert story.last(IssueRefund).amount == usd(10_000)
    assert story.last(IssueRefund).requested_at == day(29)
    story.pay(day(30))
    story.when(fell_due("LIABLE-1:0:0", day(29), timedelta(days=29), clock=Clock.ORDER), day(92))
    story.when(delivered(day(92)))
    assert story.case.entitled == 10_000


def test_brazil_under_seel_a_delay_benefit_on_day_30_and_a_loss_on_day_60_though_it_arrives() -> None:
    story = brazil("seel")
    from_booking = {"clock": Clock.FULFILMENT, "journey": journey(BOOKED_PACKAGE)}
    due = BOOKED + timedelta(days=30)
    story.when(fell_due("DELAY-2:0:0", due, timedelta(days=30), **from_booking))
    assert (story.last(IssueRefund).amount, story.last(IssueRefund).requested_at) == (usd(500), due)
    story.pay(due + timedelta(hours=1))
    due = BOOKED + timedelta(days=60)
    story.when(fell_due("LOSS-1:2:0", due, timedelta(days=60), **from_booking))
    assert (story.last(IssueRefund).amount, story.last(IssueRefund).requested_at) == (usd(9_500), due)
    story.pay(due + timedelta(hours=1))
    story.when(delivered(day(85), journey=journey(BOOKED_PACKAGE)))
    assert (story.case.entitled, story.case.owed) == (500, 10_000)
    assert story.case.recoveries == ()


def test_brazil_under_aliexpress_nothing_is_due_before_day_120() -> None:
    story = brazil("aliexpress")
    story.when(complaint(day(61), "LATE"))
    assert story.last(ClaimDenied).reason is DenialReason.TOO_EARLY
    assert story.last(ClaimDenied).eligible_at == day(120)
    story.when(delivered(day(92)))
    story.until(day(170))
    assert story.named(ClaimApproved) == []
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


def test_seel_pays_at_once_when_the_carrier_says_lost_and_leaves_precious_goods_out() -> None:
    story = brazil("seel")
    story.when(lost(day(12)))
    assert story.last(ClaimApproved).entitled == usd(10_000)
    precious = ClaimsStory()
    goods = (line("ring", 160_000, category="jewellery"), line("toy", 40_000))
    precious.given(placed(usd(200_000), goods), issued(wording("seel"), usd(200_000)), lost(day(12)))
    assert precious.last(ClaimApproved).entitled == usd(40_000)


def test_temu_gives_a_credit_unless_the_buyer_or_somebody_s_word_stands_against_it() -> None:
    rate = FxRate(base="USD", quote="BRL", rate="5.40", source="ecb", as_of=PLACED)
    reals = Money.of(20_000, "BRL")
    promised = placed().promise.latest
    late = {"package_id": None, "scope": Scope.ORDER}

    story = ClaimsStory()
    story.given(placed(reals), issued(wording("temu"), reals, rates=(rate,)))
    story.when(fell_due("CREDIT-1:0:0", promised, timedelta(0), journey=journey(package("P1"), package("P2")), **late))
    assert story.last(IssuePayout).amount == Money.of(2_700, "BRL")

    refused = ClaimsStory()
    refused.given(placed(reals), issued(wording("temu"), reals, rates=(rate,)))
    seen = journey(package("P1"), package("P2", kinds=("REFUSED",)))
    refused.when(fell_due("CREDIT-1:0:0", promised, timedelta(0), journey=seen, **late))
    assert refused.named(IssuePayout) == []

    held = ClaimsStory()
    held.given(placed(reals), issued(wording("temu"), reals, rates=(rate,)))
    seen = journey(package("P1", kinds=("HELD",)))
    held.when(fell_due("CREDIT-1:0:0", promised, timedelta(0), journey=seen, **late))
    assert held.named(IssuePayout) == []
    held.when(ruling(held.last(ClaimReferred), "covered", day(21)))
    assert held.last(IssuePayout).amount == Money.of(2_700, "BRL")


def test_weini_counts_days_of_a_silence_that_only_a_person_can_count() -> None:
    yuan = Money.of(20_000, "CNY")
    story = ClaimsStory()
    story.given(placed(yuan), issued(wording("weini"), yuan))
    silence = timedelta(hours=120)
    story.when(fell_due("GAP-1:1:0", day(10), silence, clock=Clock.LAST_SCAN, silent=True))
    assert story.named(IssueRefund) == []
    story.when(ruling(story.last(ClaimReferred), "pay", day(14), amount=Money.of(3_000, "CNY")))
    assert story.last(IssueRefund).amount == Money.of(3_000, "CNY")


def test_route_pays_nothing_until_somebody_claims() -> None:
    story = brazil("route")
    story.when(fell_due("LOST-1:1:0", day(25), timedelta(days=20), clock=Clock.LAST_SCAN, silent=True))
    assert story.named(ClaimReferred) == []
    story.when(complaint(day(26)))
    story.when(ruling(story.last(ClaimReferred), "pay", day(27)))
    assert story.last(ClaimApproved).entitled == usd(10_000)
