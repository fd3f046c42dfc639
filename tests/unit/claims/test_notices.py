"""What buyers are told: in four languages, with dates where they live and amounts as their language writes them."""

import re
from decimal import Decimal

import pytest
from babel.numbers import format_currency

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    answer,
    complaint,
    damaged,
    day,
    delivered,
    issued,
    journey,
    late,
    line,
    lost,
    only,
    package,
    placed,
    refunded,
    ruling,
    usd,
)
from waybond_claims.notices.rendered import texts as rendered
from waybond_claims.texts.catalogue import ARRIVES_WITHIN, LOCALES
from waybond_claims.texts.shape import NOTICES
from waybond_claims.texts.spelling import amount as spelled
from waybond_claims.texts.spelling import zone
from waybond_contracts._iso import EXPONENTS
from waybond_contracts.claims import BuyerNotified, ClaimReferred, ReferralReason
from waybond_contracts.orders import Language
from waybond_contracts.refunds import CancelRefund, IssuePayout, IssueRefund


def texts(notice: BuyerNotified) -> dict[str, str]:
    return {each.language.value: each.body for each in notice.texts}


def test_a_benefit_is_told_in_all_four_languages_with_what_when_and_how_much() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    notice = story.last(BuyerNotified)
    assert (notice.about, notice.language) == ("approved", Language.PT)
    assert (notice.amount, notice.expected_by) == (usd(1_000), day(37))
    told = texts(notice)
    assert set(told) == {"zh", "en", "pt", "es"}
    for language, amount, happened, arrives in (
        ("zh", "US$10.00", "2026年1月28日", "2026年2月7日"),
        ("en", "$10.00", "January 28, 2026", "February 7, 2026"),
        ("pt", "US$\xa010,00", "28 de janeiro de 2026", "7 de fevereiro de 2026"),
        ("es", "10,00\xa0US$", "28 de enero de 2026", "7 de febrero de 2026"),
    ):
        assert "A-1" in told[language]
        assert [part in told[language] for part in (amount, happened, arrives)] == [True, True, True], told[language]


def test_a_second_benefit_says_what_was_received_in_all() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.when(late(1))
    assert "$30.00 in all" in texts(story.last(BuyerNotified))["en"]


def test_buyer_and_payer_are_told_what_is_new() -> None:
    two = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))
    story = ClaimsStory()
    story.given(placed(lines=(line("a", 5_000), line("b", 5_000))), issued(), late(0, journey=two))
    story.pay(day(28))
    story.when(damaged(day(30), package_id="P2", journey=two))
    command = story.last(IssueRefund)
    assert (command.amount, command.reason_code, command.narrative) == (usd(5_000), "damaged", "A-1 DA-1")
    told = texts(story.last(BuyerNotified))["en"]
    assert "damage" in told
    assert "January 31, 2026" in told


def test_what_was_given_back_is_not_told_as_received() -> None:
    body = PLAIN.replace('late_arrival = "keep"', 'late_arrival = "return"')
    story = ClaimsStory()
    story.given(placed(), issued(body), lost(day(12)))
    story.pay(day(13))
    story.when(delivered(day(20)))
    story.when(ruling(story.last(ClaimReferred), "recovered", day(21)))
    story.when(damaged(day(22)))
    assert story.case.in_flight is not None
    assert "in all" not in texts(story.last(BuyerNotified))["en"]


def test_a_refund_that_is_being_cancelled_is_not_told_to_be_delayed() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0), refunded("R1", 10_000, day(27.1)))
    assert story.last(CancelRefund).version == 2
    story.until(day(40))
    assert story.last(ClaimReferred).reason is ReferralReason.PAYER_SILENT
    assert [each.about for each in story.named(BuyerNotified)] == ["approved"]


def about(story: ClaimsStory) -> list[str]:
    return [each.about for each in story.named(BuyerNotified)]


def found_again() -> ClaimsStory:
    """A refund was commanded and told; then the lost parcel arrives, and it is cancelled."""
    story = ClaimsStory()
    body = PLAIN.replace('late_arrival = "keep"', 'late_arrival = "return"')
    story.given(placed(), issued(body), lost(day(12)), delivered(day(12.5)))
    story.when(answer(story.last(IssueRefund), "RefundCancelled", day(13)))
    assert story.last(CancelRefund).reason_code == "owed_less"
    return story


def test_a_refund_that_does_not_come_after_all_is_told_once() -> None:
    story = found_again()
    assert about(story) == ["approved", "refund_withdrawn"]
    told = texts(story.last(BuyerNotified))
    assert "$100.00" in told["en"] and "will not be made" in told["en"]
    story.when(refunded("R1", 500, day(20)))
    assert about(story) == ["approved", "refund_withdrawn"]


def test_a_refund_that_was_withdrawn_and_is_owed_again_is_told_again() -> None:
    story = found_again()
    story.when(damaged(day(14)))
    assert about(story) == ["approved", "refund_withdrawn", "approved"]


def test_a_second_attempt_that_is_cancelled_since_the_first_was_paid_withdraws_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    first = story.last(IssueRefund)
    story.when(answer(first, "RefundFailed", day(27.1)))
    second = story.last(IssueRefund)
    story.when(answer(first, "RefundSucceeded", day(27.2), version=2))
    story.when(answer(second, "RefundCancelled", day(27.3)))
    assert about(story) == ["approved"]


def test_a_refund_that_failed_and_is_not_owed_any_more_is_told_and_told_again_once_it_is() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(27.2)))
    story.when(late(0, version=2, breached=False, as_of=day(27.25)), day(27.25))
    assert about(story) == ["approved"], "another attempt is on its way"
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(27.3)))
    assert about(story) == ["approved", "refund_withdrawn"]
    story.when(late(0, version=3, as_of=day(29)), day(29))
    assert about(story) == ["approved", "refund_withdrawn", "approved"]


def test_a_refund_that_the_platform_paid_meanwhile_is_told_so() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0), refunded("R1", 10_000, day(27.1)))
    story.when(answer(story.last(IssueRefund), "RefundCancelled", day(27.5)))
    assert about(story) == ["approved", "refund_withdrawn"]
    assert "in another way" in texts(story.last(BuyerNotified))["en"]


def test_a_refund_that_is_replaced_by_a_smaller_one_is_told_by_that_one() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), damaged(day(20)), refunded("R1", 4_000, day(20.1)))
    story.when(answer(story.last(IssueRefund), "RefundCancelled", day(20.5)))
    assert about(story) == ["approved", "approved"]


def test_a_payout_instead_of_a_refund_that_failed_is_told() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(28), retryable=False))
    story.when(ruling(story.last(ClaimReferred), "payout", day(29)))
    payout = story.last(IssuePayout)
    told = story.last(BuyerNotified)
    assert (told.about, told.amount) == ("approved", payout.amount)
    assert "credit of $10.00" in texts(told)["en"]
    assert "in all" not in texts(told)["en"]
    count = len(story.named(BuyerNotified))
    story.when(answer(payout, "RefundFailed", day(30)))
    story.until(day(31))
    again = story.last(IssuePayout)
    assert again.attempt == 3, "it is paid out again: the payment that was used took no refund"
    assert len(story.named(BuyerNotified)) == count


def test_dates_are_those_of_the_place_where_the_buyer_lives() -> None:
    story = ClaimsStory()
    story.given(placed(time_zone="Pacific/Auckland"), issued(), lost(day(12, hours=1)))
    assert "January 14, 2026" in texts(story.last(BuyerNotified))["en"]
    assert zone("Nowhere/Land").key == "UTC"


def test_too_early_names_the_day() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    assert "January 28, 2026" in texts(story.last(BuyerNotified))["en"]


def test_too_early_promises_no_decision_on_the_very_day() -> None:
    """S: the carrier is asked on the day that was named, and has three more to answer."""
    body = only("""
[[clause]]
id = "C"
peril = "lost"
any_of = [{ clock = "promised_latest", after = "P7D" }]
tiers = [{ share = "1.00" }]
ask_carrier = true
answer_within = "P3D"
""")
    story = ClaimsStory()
    story.given(placed(), issued(body), complaint(day(10)))
    story.until(day(29))
    told = texts(story.last(BuyerNotified))
    assert "January 28, 2026" in told["en"]
    assert story.case.commands == ()
    for language, promised in (("zh", "当天"), ("en", "that day"), ("pt", "nesse dia"), ("es", "ese día")):
        assert promised not in told[language]


def test_already_paid_does_not_say_that_nothing_will_follow() -> None:
    """S: a tenth is paid after seven days, the buyer complains, and after fifteen more is paid."""
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.when(complaint(day(29)))
    told = story.last(BuyerNotified)
    assert (told.about, "$10.00" in texts(told)["en"]) == ("already_paid", True)
    for language, for_now in (("zh", "目前"), ("en", "at this time"), ("pt", "No momento"), ("es", "Por ahora")):
        assert for_now in texts(told)[language]
    story.when(late(1))
    assert story.last(BuyerNotified).about == "approved"


def test_card_schemes_are_answered_by_the_event_alone() -> None:
    from waybond_contracts.disputes import DisputeSource

    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), source=DisputeSource.CARD_SCHEME))
    assert story.named(BuyerNotified) == []


def test_a_refund_that_failed_for_good_is_told() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    command = story.events[-2]
    story.when(answer(command, "RefundFailed", day(28), retryable=False))
    notice = story.last(BuyerNotified)
    assert notice.about == "refund_delayed"
    assert "$10.00" in texts(notice)["en"]


def test_a_refund_that_came_back_and_is_paid_again_days_later_is_told_once() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(5)))
    story.pay(day(6))
    story.when(answer(story.last(IssueRefund), "RefundReversed", day(14), version=2))
    assert [each.about for each in story.named(BuyerNotified)] == ["approved", "refund_delayed"]
    assert "$100.00" in texts(story.last(BuyerNotified))["en"]
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(14, 1)))
    story.until(day(14, 8))
    assert story.last(IssueRefund).attempt == 3
    assert len(story.named(BuyerNotified)) == 2


def test_an_attempt_that_follows_at_once_changes_nothing_that_was_told() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(5)))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(5, 1)))
    assert story.last(IssueRefund).attempt == 2
    assert [each.about for each in story.named(BuyerNotified)] == ["approved"]


def test_what_a_question_told_is_not_told_again_by_the_next_attempt() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(5)))
    story.until(day(7))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(8)))
    assert story.last(IssueRefund).attempt == 2
    assert [each.about for each in story.named(BuyerNotified)] == ["approved", "refund_delayed"]


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_amounts_are_written_as_babel_writes_them(currency: str) -> None:
    exponent = EXPONENTS[currency]
    for locale in LOCALES.values():
        for minor in (0, 7, 12_345, 1_234_567_890):
            ours = spelled(minor, currency, locale)
            theirs = format_currency(
                Decimal(minor).scaleb(-exponent), currency, locale=locale, currency_digits=False, format=None
            )
            if exponent == 2:  # Babel's pattern has two decimals; with others it would hide or invent some
                assert ours == theirs
            assert "".join(filter(str.isdigit, ours)).lstrip("0") == str(minor).lstrip("0")


def test_the_contract_names_every_word_that_a_notice_may_be_about() -> None:
    description = BuyerNotified.model_fields["about"].description or ""
    assert set(re.findall(r"`(\w+)`", description)) == set(NOTICES)


def test_what_no_package_holds_is_told_as_the_rest_of_the_order() -> None:
    """Line 1 arrived, line 2 is in no package and late. Before anything was packed, the rest is the whole order."""
    two = (line("1", 6_000), line("2", 4_000))
    story = ClaimsStory()
    story.given(placed(lines=two), issued(), late(0, package_id=None, journey=journey(package("A", (("1", 1),)))))
    told = texts(story.last(BuyerNotified))
    for language, rest in (
        ("zh", "您的订单 A-1 的其余商品已晚于承诺的送达时间"),
        ("en", "The rest of your order A-1 is later than promised"),
        ("pt", "O restante do seu pedido A-1 está atrasado"),
        ("es", "El resto de su pedido A-1 va con retraso"),
    ):
        assert told[language].startswith(rest)
    story = ClaimsStory()
    story.given(placed(lines=two), issued(), late(0, package_id=None))
    assert texts(story.last(BuyerNotified))["en"].startswith("Your order A-1 is later than promised")


def test_a_benefit_names_its_clause_by_its_title_or_else_by_its_peril() -> None:
    """The clause has a title in two languages; one of those is longer than 120 characters."""
    title = f'title = {{ en = "Guaranteed {{amount}} days", pt = "{"x" * 121}" }}'
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN.replace('peril = "late"', f'peril = "late"\n{title}')), late(0))
    told = texts(story.last(BuyerNotified))
    assert "Your cover provides for this under “Guaranteed {amount} days”." in told["en"]
    assert "Sua cobertura prevê isso em “entrega atrasada”." in told["pt"]
    assert "Su cobertura lo prevé en «entrega tardía»." in told["es"]
    assert "此项赔付依据您保障中的“延迟送达”。" in told["zh"]


def test_an_order_id_with_braces_is_told_as_it_is() -> None:
    story = ClaimsStory()
    story.given(*[each.model_copy(update={"order_id": "{amount}{0}"}) for each in (placed(), issued(), lost(day(9)))])
    assert all("{amount}{0}" in text.body for text in story.last(BuyerNotified).texts)


def test_the_file_keeps_what_was_told_and_its_texts_are_made_of_it_again() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)), late(0))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(28), retryable=False))
    published = story.named(BuyerNotified)
    assert [each.about for each in published] == ["too_early", "approved", "refund_delayed"]
    assert [(told.about, told.at) for told in story.case.told] == [(each.about, each.occurred_at) for each in published]
    assert [rendered(told, story.case) for told in story.case.told] == [each.texts for each in published]


def test_every_perils_sentence_fits() -> None:
    long_id = "x" * 128
    for peril in ("late", "lost", "damaged"):
        body = only(f"""
[[clause]]
id = "C"
peril = "{peril}"
any_of = [{{ scan = "LOST" }}]
tiers = [{{ share = "1.00" }}]
""")
        story = ClaimsStory()
        events = [event.model_copy(update={"order_id": long_id}) for event in (placed(), issued(body), lost(day(9)))]
        story.given(*events)
        assert all(long_id in text.body for text in story.last(BuyerNotified).texts)
    assert set(ARRIVES_WITHIN) == {"refund", "credit"}
