"""What an audit is told of the services: the keys that signed quotes."""

from waybond_local.journal.services import keys_of

STACK, SHELL = "11" * 32, "22" * 32


def test_the_stacks_own_key_counts_beside_another_of_the_same_name() -> None:
    """S: WAYBOND_QUOTE_KEYS is set in the shell; every quote of the stack reads as altered, and I7 fails."""
    keys = keys_of(f"k1:{STACK}", f"k1:{SHELL},k0:{SHELL}")
    assert keys.secrets == {"k1": bytes.fromhex(STACK), "k0": bytes.fromhex(SHELL)}
    assert keys.current == "k1"


def test_without_any_key_none_is_known() -> None:
    assert keys_of(None, None).secrets == {}
    assert keys_of(None, f"k0:{SHELL}").current == "k0"
