"""The body of a request: whole, within its bounds, or a problem."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from waybond_kit.web import Problem, body_of


def request(*messages: dict[str, Any]) -> Request:
    """A POST whose client sends these, and then nothing more."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else await asyncio.Event().wait()  # type: ignore[return-value]  # it waits for ever

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_read_to_its_end() -> None:
    assert await body_of(request(part(b"12", more=True), part(b"3", more=False)), 3) == b"123"


@pytest.mark.parametrize(
    ("messages", "status", "words"),
    [
        ([part(b"12", more=True), part(b"34", more=True)], 413, "expected at most 3 bytes"),
        ([part(b"12", more=True)], 408, "expected all of it within 0.01 s"),
        ([part(b"12", more=True), {"type": "http.disconnect"}], 400, "The connection ended before the body did"),
    ],
)
async def test_a_body_that_does_not_come_is_a_problem_of_its_client(
    messages: Sequence[dict[str, Any]], status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S: each client that leaves in the middle is told as a failure of ours, with its stack; one that waits stays."""
    monkeypatch.setattr("waybond_kit.web.BODY_SECONDS", 0.01 if status == 408 else 60.0)
    with pytest.raises(Problem) as raised:
        await body_of(request(*messages), 3)
    assert raised.value.status == status and words in str(raised.value.body)
