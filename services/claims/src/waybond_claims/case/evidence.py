"""What was handed in for complaints, what sellers said, and what was asked for, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_PAPERS = 256
MAX_RESPONSES = 128
MAX_ASKS = 128
ANSWER = "answer"
"""What a seller is asked for: accept, contest or offer something."""


class Paper(Struct, frozen=True, array_like=True, gc=False):
    """A document or statement about a complaint; it may come before the complaint."""

    dispute_id: str
    by: str
    """buyer, seller, platform, carrier, ..."""
    kind: str
    ref: str
    """By what it is known again: SHA-256 of its bytes, a reference, or a hash of the words."""
    known_at: datetime


class Response(Struct, frozen=True, array_like=True, gc=False):
    """What a seller said to a complaint: accept, contest or offer."""

    dispute_id: str
    response_id: str
    response: str
    at: datetime
    known_at: datetime
    minor: int | None = None
    """With an offer of money: how much, in `currency`."""
    currency: str = ""
    remedy: str = ""
    """With an offer: what is offered; empty: a part refund."""


class Ask(Struct, frozen=True, array_like=True, gc=False):
    """Something that was asked for under a clause: what is missing for a complaint, and by when it has to come."""

    dispute_id: str
    clause_id: str
    of: str
    """buyer or seller."""
    what: str
    """The kinds of document any of which will do, or ANSWER."""
    answer_by: datetime
    missing: bool = True
    """Whether it was missing when it was asked for last."""
    lapsed_at: datetime | None = None
    """When the time for it was found to be over, by a wake: all that was known by then had been read."""


def last_response(responses: tuple[Response, ...], dispute_id: str) -> Response | None:
    """What the seller said last of a complaint."""
    said = [each for each in responses if each.dispute_id == dispute_id]
    return max(said, key=_said_at, default=None)


def _said_at(response: Response) -> tuple[datetime, str]:
    return response.at, response.response_id
