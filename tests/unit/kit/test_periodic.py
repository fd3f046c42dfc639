"""Work that is done again and again goes on, whatever happens to one turn of it."""

import asyncio

import asyncpg
import pytest

from waybond_kit.periodic import every


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
    await again.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_waits_for_ever_is_given_up() -> None:
    tries, again = 0, asyncio.Event()

    async def hang_first() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await asyncio.Event().wait()
        again.set()

    running = asyncio.create_task(every(0.0, hang_first, longest=0.01))
    await again.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
