"""What the audit makes of records on our topics that are none of ours."""

import pytest

from tests.support.refunds import issue_refund
from waybond_contracts.publishing import message
from waybond_contracts.topics import CLAIMS, REFUNDS
from waybond_kit.door import Raw
from waybond_local.journal.audit import Audit
from waybond_local.journal.published import Published
from waybond_local.journal.replay import Place


def published() -> Published:
    return Published(Place("", "", 1, replay=False), Audit(), before={0: 1})


def record(value: bytes, topic: str = REFUNDS) -> Raw:
    made = message(issue_refund(), source="/test", event_id="e")
    return Raw(topic, 0, 0, made.key, value, made.headers)


@pytest.mark.parametrize("value", [b"", b"{", b'{"refund_id": 7}'])
def test_a_money_command_that_nobody_can_read_is_none_of_the_journals(value: bytes) -> None:
    """S: somebody else may write `refunds`; verify ended with a traceback and looked at nothing behind it."""
    seen = published()
    seen.see(0, set(), record(value))
    assert not seen.holds.holds
    assert "refunds/0 at 0" in seen.holds.shown[0]


def test_elsewhere_it_is_for_the_readers_quarantine() -> None:
    seen = published()
    seen.see(0, set(), record(b"{", CLAIMS))
    assert seen.holds.holds


def test_a_money_command_that_the_journal_does_not_make_is_found() -> None:
    seen = published()
    seen.see(0, set(), record(message(issue_refund(), source="/test", event_id="e").value))
    assert "the journal commands no" in seen.holds.shown[0]
