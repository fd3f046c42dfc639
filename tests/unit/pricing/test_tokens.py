"""Quote keys and tokens: what is refused, and that a secret never shows."""

import base64
import hmac

import pytest

from tests.support.pricing import KEYS, quote, token
from waybond_contracts.errors import ContractError
from waybond_kit.signing import TokenError
from waybond_pricing.tokens import QuoteKeys, sign, verify

SECRET = "ab" * 32


def test_a_token_gives_back_what_was_quoted() -> None:
    assert verify(token(), KEYS) == quote()


def test_the_first_key_signs() -> None:
    assert token().startswith("wq1.k2.")


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:", ":ab", f"k 1:{SECRET}", "k1:zz", "k1:abab", f"k1:{SECRET},k1:{SECRET}"]
)
def test_keys_that_cannot_be_used_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ContractError, match="quote keys: expected id:secret") as refused:
        QuoteKeys.parse(text)
    assert SECRET not in str(refused.value)


def test_keys_do_not_show_their_secrets() -> None:
    assert SECRET not in repr(QuoteKeys.parse(f"k1:{SECRET}"))


def test_without_a_key_nothing_is_signed_and_nothing_is_ours() -> None:
    with pytest.raises(ContractError, match="quote keys"):
        sign(quote(), QuoteKeys.none())
    with pytest.raises(TokenError, match="names a key that is not known"):
        verify(token(), QuoteKeys.none())


def test_a_signed_token_that_says_something_else_is_refused() -> None:
    signed = "wq1.k2." + base64.urlsafe_b64encode(b'{"tenant": 1}').decode().rstrip("=")
    mac = hmac.new(KEYS.secrets["k2"], signed.encode(), "sha256").digest()
    forged = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    with pytest.raises(TokenError, match="signed but cannot be read"):
        verify(forged, KEYS)
