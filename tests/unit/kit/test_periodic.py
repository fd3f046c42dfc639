"""Work that is done again and again goes on, whatever happens to one turn of it."""

import asyncio
from typing import NoReturn

import asyncpg
import pytest

from waybond_kit.periodic import every


async def goes_on(running: asyncio.Task[NoReturn], again: asyncio.Event) -> None:
    """Wait for the second turn, or for the error that ended the loop instead."""
    second = asyncio.create_task(again.wait())
    done, _ = await asyncio.wait({running, second}, return_when=asyncio.FIRST_COMPLETED)
    assert done == {second}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize(
    "error",
    [asyncpg.InternalClientError("another operation is in progress"), OSError("gone"), AttributeError("close")],
    ids=lambda error: type(error).__name__,
)
async def test_what_fails_is_tried_again(error: Exception) -> None:
    tries, again = 0, asyncio.Event()

    async def fail_first() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise error
        again.set()

    running = asyncio.create_task(every(0.0, fail_first))
    await goes_on(running, again)


async def test_what_waits_for_ever_is_given_up() -> None:
    tries, again = 0, asyncio.Event()

    async def hang_first() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await asyncio.Event().wait()
        again.set()

    running = asyncio.create_task(every(0.0, hang_first, longest=0.01))
    await goes_on(running, again)
