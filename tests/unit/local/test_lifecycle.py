"""Signals end a stack and what its command is doing, but never amid a step."""

import asyncio
import os
import signal
import time

import pytest

from waybond_local.lifecycle import signals_end_it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_what_awaits_and_leaves_no_callback_in_its_middle(number: signal.Signals) -> None:
    """S: a signal reached the database's driver amid an answer, and the process crashed as it closed the connection."""
    seen: list[str] = []

    def callback() -> None:
        seen.append("begun")
        os.kill(os.getpid(), number)
        seen.append("done")

    async def work() -> None:
        asyncio.get_running_loop().call_soon(callback)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cleaned up")
            raise

    with pytest.raises(KeyboardInterrupt), signals_end_it():
        asyncio.run(work())
    assert seen == ["begun", "done", "cleaned up"]


def test_a_signal_outside_of_a_loop_ends_it_at_once_and_a_second_one_changes_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), signals_end_it():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
