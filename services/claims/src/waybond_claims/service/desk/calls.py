"""Every call at the desk is kept: who, what, when, about which question. Never what was written in it but a digest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

import asyncpg
import structlog
from fastapi import Request

from waybond_claims.desk.people import SCOPES
from waybond_contracts.errors import ContractError
from waybond_kit.apikeys import Person
from waybond_kit.web import Problem, caller_behind

log = structlog.get_logger(__name__)

_KEEP = """
INSERT INTO desk_call (
  tenant, author, role, key_prefix, action, order_key, referral_id, command_id, digest, outcome, status
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_DONE = """
SELECT digest, outcome FROM desk_call WHERE tenant = $1 AND command_id = $2 AND status = 202 ORDER BY id LIMIT 1
"""
ACCEPTED = 202


@dataclass(slots=True)
class Call:
    """One call while it is answered; what it is about is filled in as it becomes known."""

    action: str
    tenant: str
    key_prefix: str
    person: Person
    order_key: str = ""
    referral_id: str = ""
    command_id: str = ""
    digest: bytes | None = None
    outcome: str = ""
    status: int = 200

    def of_item(self, action: str, order_key: str, referral_id: str) -> "Call":
        """A call of its own for one item of a list."""
        return Call(action, self.tenant, self.key_prefix, self.person, order_key, referral_id)

    def about(self, order_key: str, referral_id: str, command_id: str = "", body: str = "") -> None:
        """Name the question, and what is to be done about it under which id."""
        self.order_key, self.referral_id, self.command_id = order_key, referral_id, command_id
        said = "\x00".join((self.action, self.person.author, order_key, referral_id, body))
        self.digest = sha256(said.encode()).digest() if body else None


@asynccontextmanager
async def calling(request: Request, pool: asyncpg.Pool, action: str, scope: str) -> AsyncIterator[Call]:
    """Let a person in who may do this, and keep the call with what became of it.

    Raises Problem: 401 without a valid key (logged, and not kept: anybody could fill a table), 403 for a key that is of
    no person, or whose role or scopes do not allow it.
    """
    try:
        caller = await caller_behind(request, pool)
    except Problem as problem:
        log.info("desk_call", action=action, status=problem.status)
        raise
    nobody = Person("", "", frozenset())
    call = Call(action, caller.tenant, caller.prefix, caller.person or nobody)
    async with kept(pool, call):
        if caller.person is None:
            detail = "expected a key that `waybond person add` made: a decision has an author"
            raise Problem(403, "no-person", "This API key is of no person", detail)
        if scope not in caller.person.scopes & SCOPES.get(caller.person.role, frozenset()):
            raise Problem(403, "not-allowed", "This person may not do that", f"expected a key with the scope {scope}")
        yield call


@asynccontextmanager
async def kept(pool: asyncpg.Pool, call: Call) -> AsyncIterator[None]:
    """Keep the call when it has ended, however it ended: one that cannot be kept is not answered as done."""
    status = 500
    try:
        yield
        status = call.status
    except Problem as problem:
        status = problem.status
        raise
    except ContractError:
        status = 422
        raise
    finally:
        who = call.tenant, call.person.author, call.person.role, call.key_prefix
        what = call.action, call.order_key, call.referral_id, call.command_id, call.digest, call.outcome
        await pool.execute(_KEEP, *who, *what, status)
        log.info(
            "desk_call",
            tenant=call.tenant,
            author=call.person.author,
            action=call.action,
            order=call.order_key,
            referral=call.referral_id,
            command=call.command_id,
            outcome=call.outcome,
            status=status,
        )


async def done_before(pool: asyncpg.Pool, call: Call) -> str | None:
    """The outcome of the same command, if it was confirmed already; None if it was not.

    Raises Problem 409 where its id names another command.
    """
    row = await pool.fetchrow(_DONE, call.tenant, call.command_id)
    if row is None:
        return None
    if row["digest"] != call.digest:
        detail = "expected an Idempotency-Key (command_id) that was not used for another command"
        raise Problem(409, "command-id-used", "This command id names another command", detail)
    return row["outcome"]
