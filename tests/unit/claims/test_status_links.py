"""Tokens of links to an order's status: what we signed is read until it expires, and anything else is nothing."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from waybond_claims.service.links import MAX_LINK_CHARACTERS, LinkKeys, StatusLink, sign, verify
from waybond_claims.service.settings import ClaimsSettings, keys_of
from waybond_contracts.errors import ContractError
from waybond_kit.errors import StartError
from waybond_kit.settings import Settings, load
from waybond_kit.signing import signed

NOW = datetime(2026, 1, 4, 12, tzinfo=UTC)
SECRET = "ab" * 32
OLD = LinkKeys.parse(f"k1:{'11' * 32}")
KEYS = LinkKeys.parse(f"k2:{'22' * 32},k1:{'11' * 32}")
LINK = StatusLink(tenant="demo", platform="shop", order_id="A-1", issued_at=NOW, expires_at=NOW + timedelta(days=30))
TOKEN = sign(LINK, KEYS)


def test_a_link_says_what_was_signed_until_it_expires() -> None:
    assert verify(TOKEN, KEYS, NOW) == LINK
    assert verify(TOKEN, KEYS, LINK.expires_at - timedelta(microseconds=1)) == LINK
    assert verify(TOKEN, KEYS, LINK.expires_at) is None


def test_a_key_is_rotated_by_putting_a_new_one_in_front() -> None:
    assert verify(sign(LINK, OLD), KEYS, NOW) == LINK
    assert TOKEN.startswith("ws1.k2.")
    assert verify(TOKEN, OLD, NOW) is None


def test_the_longest_order_has_a_token_that_is_read() -> None:
    link = LINK.model_copy(update={"tenant": "t" * 64, "platform": "p" * 64, "order_id": "\U0001f4e6" * 128})
    token = sign(link, LinkKeys.parse(f"{'k' * 64}:{SECRET}"))
    assert len(token) <= MAX_LINK_CHARACTERS
    assert verify(token, LinkKeys.parse(f"{'k' * 64}:{SECRET}"), NOW) == link


def other_tenants() -> str:
    """The content names another tenant, the signature is of ours."""
    prefix, key, content, signature = TOKEN.split(".")
    said = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))) | {"tenant": "other"}
    return ".".join((prefix, key, base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("="), signature))


HOSTILE = {
    "empty": "",
    "dots": "...",
    "no signature": TOKEN.rpartition(".")[0],
    "an empty signature": TOKEN.rpartition(".")[0] + ".",
    "cut": TOKEN[:-1],
    "longer": TOKEN + "A",
    "padded": TOKEN + "=",
    "another tenant's": other_tenants(),
    "another key": TOKEN.replace(".k2.", ".k1."),
    "an unknown key": TOKEN.replace(".k2.", ".k9."),
    "a quote's": signed("wq1", LINK.model_dump_json().encode(), KEYS),
    "another alphabet": TOKEN.replace("-", "+").replace("_", "/") + "/",
    "no ASCII": TOKEN[:-1] + "ä",
    "wide digits": TOKEN.replace("1", "\uff11"),
    "a NUL": TOKEN + "\x00",
    "a megabyte": TOKEN + "A" * 1_000_000,
    "a megabyte of dots": "." * 1_000_000,
    "signed and no link": signed("ws1", b"{}", KEYS),
    "signed and no JSON": signed("ws1", b"\xff", KEYS),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_we_did_not_sign_is_nothing(name: str) -> None:
    assert verify(HOSTILE[name], KEYS, NOW) is None


@pytest.mark.parametrize("place", range(0, len(TOKEN), 7))
def test_a_token_with_another_character_is_nothing(place: int) -> None:
    for character in "A-_.+/= \x00\u00e4":
        altered = TOKEN[:place] + character + TOKEN[place + 1 :]
        assert verify(altered, KEYS, NOW) == (LINK if altered == TOKEN else None)


def test_without_a_key_no_link_is_made_and_none_is_ours() -> None:
    assert verify(TOKEN, LinkKeys.none(), NOW) is None
    with pytest.raises(ContractError, match="status keys: expected a key to sign with"):
        sign(LINK, LinkKeys.none())


def test_keys_that_cannot_be_used_stop_the_start_without_showing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_STATUS_KEYS", f"k1:{SECRET},k1:{SECRET}")
    with pytest.raises(StartError, match=r"WAYBOND_STATUS_KEYS: .*expected id:secret") as refused:
        load(ClaimsSettings)
    assert SECRET not in str(refused.value)


def test_keys_are_read_from_the_environment_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_STATUS_KEYS", f"k1:{SECRET}")
    settings = load(ClaimsSettings)
    assert keys_of(settings).current == "k1"
    assert SECRET not in repr(settings) + repr(keys_of(settings))
    assert keys_of(load(Settings)).current is None
