"""From a type and bytes to an event: every type that Waybond knows, decoded with a clear error."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from waybond_contracts import (  # imported for their registration
    brakes,
    claims,
    commands,
    delays,
    disputes,
    orders,
    policies,
    refunds,
    shipments,
    signals,
)
from waybond_contracts.errors import ContractError, contract_error, path
from waybond_contracts.event import TYPE_PREFIX, Event
from waybond_contracts.fields import Instant, Model
from waybond_contracts.topics import BRAKES, MAX_RECORD_BYTES, TOPICS

__all__ = ["EVENT_TYPES", "KEYLESS", "KEYLESS_TOPICS", "PROGRESS_TYPE", "Decoded", "Progress", "decode", "encode"]

MAX_UNKNOWN_FIELDS = 20
PROGRESS_TYPE = TYPE_PREFIX + "Progress"
_MODULES = (brakes, claims, commands, delays, disputes, orders, policies, refunds, shipments, signals)

EVENT_TYPES: Mapping[str, type[Event]] = dict(sorted(Event.registered.items()))
"""CloudEvents type -> payload, for every event of an order."""

# The validators' own methods: the way through model_validate_json costs a tenth of a short event more.
_VALIDATE = {event_type: model.__pydantic_validator__.validate_json for event_type, model in EVENT_TYPES.items()}


class Progress(Model):
    """A control record: all that this shard's owner knew up to `through` has been published ahead of it."""

    through: Instant
    """Up to when."""


KEYLESS: Mapping[str, type[BaseModel]] = {
    TYPE_PREFIX + model.__name__: model for model in (brakes.BrakeReleased, brakes.BrakeSet, Progress)
}
"""CloudEvents type -> payload, for what is about no order: its records have no key."""
KEYLESS_TOPICS: Mapping[str, tuple[str, ...]] = {
    name: tuple(topic.name for topic in TOPICS if topic.progress) if name == PROGRESS_TYPE else (BRAKES,)
    for name in KEYLESS
}
"""On which topics each of them lies."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event and the names of the fields in it that this version does not know (at most MAX_UNKNOWN_FIELDS)."""

    event: Event
    unknown_fields: tuple[str, ...] = ()


def decode(event_type: str, data: bytes, *, strict: bool = False) -> Decoded:
    """Read `data` as the payload of `event_type`.

    On topics unknown fields are left out and named in the result; with `strict` (HTTP, publishers) they are refused.
    Of a key that a JSON object has twice the last one counts. Raises ContractError naming the field, and nothing else,
    for an unknown type, for data over MAX_RECORD_BYTES, for invalid JSON and for a value that does not fit.
    """
    validate = _VALIDATE.get(event_type)
    if validate is None:
        raise ContractError("type", "an event type of Waybond", event_type)
    if len(data) > MAX_RECORD_BYTES:
        raise ContractError("value", f"at most {MAX_RECORD_BYTES} bytes", f"{len(data)} bytes")
    if not data:
        raise ContractError("value", "a JSON object", "nothing")
    try:
        decoded = Decoded(validate(data, extra="forbid"))
    except ValidationError as error:
        decoded = _with_unknown_fields(event_type, data, error, strict=strict)
    # What pydantic reads as a number although JSON has none of these; it can only hide in a field that is left out.
    if decoded.unknown_fields and (b"NaN" in data or b"Infinity" in data):
        _refuse_not_a_number(data)
    return decoded


def encode(event: Event) -> bytes:
    """The event as JSON in UTF-8, fields that are None left out."""
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)


def _with_unknown_fields(event_type: str, data: bytes, error: ValidationError, *, strict: bool) -> Decoded:
    """The event without the fields that it does not know, if those are all that is wrong with it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    unknown = [each["loc"] for each in found if each["type"] == "extra_forbidden"]
    if strict or not unknown:
        raise contract_error(error) from None
    try:
        # Rules over several fields, and bounds of a list whose items have unknown fields, are looked at only now.
        event = EVENT_TYPES[event_type].model_validate_json(data, extra="ignore")
    except ValidationError as other:
        raise contract_error(other) from None
    return Decoded(event, tuple(map(path, unknown[:MAX_UNKNOWN_FIELDS])))


def _refuse_not_a_number(data: bytes) -> None:
    try:
        from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise ContractError("value", f"JSON ({error})", data) from None
