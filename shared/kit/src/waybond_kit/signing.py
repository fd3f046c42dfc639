"""Signed tokens: what somebody is given to bring back, so that nothing is stored and nothing can be altered.

A token is `<prefix>.<key id>.<content>.<HMAC-SHA256>`, the last two in unpadded base64url. What is signed are the three
parts before the signature. A key is rotated by putting a new one in front: the first signs, all of them verify.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Self

from waybond_contracts.errors import ContractError

MIN_SECRET_BYTES = 32
NO_SECRET = bytes(MIN_SECRET_BYTES)
"""A token of an unknown key is compared with a signature of this one, so that both take the same time."""


class TokenError(ValueError):
    """A token that was not made by us, or not as it stands."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKeys:
    """The secrets by key id; `current` signs, None where nothing is signed. Not shown in logs."""

    current: str | None
    secrets: Mapping[str, bytes]

    called: ClassVar[str] = "keys"
    """How errors call them."""

    @classmethod
    def none(cls) -> Self:
        """No key: nothing can be signed, and no token is ours."""
        return cls(current=None, secrets=MappingProxyType({}))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "id:hex,id:hex", the current key first. Raises ContractError; the error never shows a secret."""
        secrets: dict[str, bytes] = {}
        for entry in text.split(","):
            key_id, _, secret = entry.strip().partition(":")
            expected = (
                f"id:secret, a secret being at least {MIN_SECRET_BYTES} bytes in hexadecimal, separated by commas"
            )
            if not key_id.isalnum() or key_id in secrets:
                raise ContractError(cls.called, f"{expected}; each id is letters and digits and used once")
            try:
                secrets[key_id] = bytes.fromhex(secret)
            except ValueError:
                raise ContractError(cls.called, expected) from None
            if len(secrets[key_id]) < MIN_SECRET_BYTES:
                raise ContractError(cls.called, expected)
        return cls(current=next(iter(secrets)), secrets=MappingProxyType(secrets))


def signed(prefix: str, content: bytes, keys: SigningKeys) -> str:
    """The token of some content, signed with the current key. Raises ContractError without one."""
    if keys.current is None:
        raise ContractError(keys.called, "a key to sign with")
    text = f"{prefix}.{keys.current}.{_text(content)}"
    return f"{text}.{_text(_mac(text, keys.secrets[keys.current]))}"


def opened(prefix: str, token: str, keys: SigningKeys, max_characters: int) -> bytes:
    """The content of a token that we signed. Raises TokenError.

    What is too long is not looked at; the signature is compared in constant time.
    """
    if len(token) > max_characters or not token.isascii():
        raise TokenError("this is no token")
    text, _, signature = token.rpartition(".")
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != prefix:
        raise TokenError("this is no token")
    secret = keys.secrets.get(parts[1])
    # Compared as text: base64 has several spellings of the same bytes, and only ours is a token.
    fits = hmac.compare_digest(signature, _text(_mac(text, secret or NO_SECRET)))
    if secret is None:
        raise TokenError("the token names a key that is not known")
    if not fits:
        raise TokenError("the signature does not fit what the token says")
    try:
        return base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4))
    except binascii.Error:
        raise TokenError("the token is signed but cannot be read") from None


def _mac(text: str, secret: bytes) -> bytes:
    return hmac.new(secret, text.encode(), sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
