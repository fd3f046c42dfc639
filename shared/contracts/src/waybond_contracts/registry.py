"""From a type and bytes to an event: every type that Waybond knows, decoded with a clear error."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from waybond_contracts import (  # imported for their registration
    claims,
    commands,
    delays,
    disputes,
    orders,
    policies,
    refunds,
    shipments,
)
from waybond_contracts.errors import ContractError, contract_error, path
from waybond_contracts.event import TYPE_PREFIX, Event
from waybond_contracts.fields import Instant, Model

__all__ = ["EVENT_TYPES", "PROGRESS_TYPE", "Decoded", "Progress", "decode"]

MAX_UNKNOWN_FIELDS = 20
PROGRESS_TYPE = TYPE_PREFIX + "Progress"
_MODULES = (claims, commands, delays, disputes, orders, policies, refunds, shipments)

EVENT_TYPES: Mapping[str, type[Event]] = dict(sorted(Event.registered.items()))
"""CloudEvents type -> payload, for every event of an order."""


class Progress(Model):
    """A control record: all that this shard's owner knew up to `through` has been published ahead of it."""

    through: Instant


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event and the names of the fields in it that this version does not know (at most MAX_UNKNOWN_FIELDS)."""

    event: Event
    unknown_fields: tuple[str, ...] = ()


def decode(event_type: str, data: bytes, *, strict: bool = False) -> Decoded:
    """Read `data` as the payload of `event_type`.

    On topics unknown fields are left out and named in the result; with `strict` (HTTP, publishers) they are refused.
    Raises ContractError naming the field for an unknown type, invalid JSON or a value that does not fit.
    """
    model = EVENT_TYPES.get(event_type)
    if model is None:
        raise ContractError("type", "an event type of Waybond", event_type)
    try:
        return Decoded(model.model_validate_json(data, extra="forbid"))
    except ValidationError as error:
        unknown = tuple(path(e["loc"]) for e in error.errors(include_url=False) if e["type"] == "extra_forbidden")
        if strict or len(unknown) < error.error_count():
            raise contract_error(error) from None
    return Decoded(model.model_validate_json(data, extra="ignore"), unknown[:MAX_UNKNOWN_FIELDS])
