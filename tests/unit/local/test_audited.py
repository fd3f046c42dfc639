"""What an audit is told of the services: the keys that signed quotes, and a shard that was never opened."""

from typing import Any

import pytest

from waybond_claims.app import DEFINITION
from waybond_local.journal import tables
from waybond_local.journal.services import keys_of
from waybond_local.journal.topics import CutError

STACK, SHELL = "11" * 32, "22" * 32


def test_the_stacks_own_key_counts_beside_another_of_the_same_name() -> None:
    """S: WAYBOND_QUOTE_KEYS is set in the shell; every quote of the stack reads as altered, and I7 fails."""
    keys = keys_of(f"k1:{STACK}", f"k1:{SHELL},k0:{SHELL}")
    assert keys.secrets == {"k1": bytes.fromhex(STACK), "k0": bytes.fromhex(SHELL)}
    assert keys.current == "k1"


def test_without_any_key_none_is_known() -> None:
    assert keys_of(None, None).secrets == {}
    assert keys_of(None, f"k0:{SHELL}").current == "k0"


class NoRows:
    """A database in which the service has made no shard yet."""

    async def fetchrow(self, *_: Any) -> None:
        return None


async def test_a_shard_that_was_never_opened_cannot_be_made_again() -> None:
    """S: `waybond verify` while a fresh stack still starts, which says nothing of the books."""
    with pytest.raises(CutError, match="claims has no shard 3"):
        await tables.read(NoRows(), DEFINITION, 3)  # pyright: ignore[reportArgumentType] - all that it is asked for
