"""What providers send about a parcel, as the scans that it tells of: one function a provider, from JSON to events.

Each scan is read from its own entry, never from the status of the whole parcel: providers summarise wrongly. A payload
that cannot be read raises ContractError naming the field.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.event import OrderRef
from waybond_contracts.fields import MAX_TEXT_CHARACTERS
from waybond_contracts.shipments import Direction, ScanKind, ShipmentScanned
from waybond_tracking.carriers import handed_to, interval, kind_of

MAX_ENTRIES = 500
"""Scans that one payload may tell of."""
COUNTRY = re.compile("[A-Z]{2}")
Json = Mapping[str, Any]


def easypost(tracker: Json, order: OrderRef, package_id: str) -> tuple[ShipmentScanned, ...]:
    """A Tracker object. Its expected delivery is the latest word, so it goes with the last scan. The scans of a
    return's tracker say so: of a parcel on its way to the buyer they say nothing."""
    direction = Direction.RETURN if tracker.get("is_return") is True else None
    details = _entries(tracker, "tracking_details")
    found: list[ShipmentScanned] = []
    for i, detail in enumerate(details):
        where = f"tracking_details.{i}"
        eta = detail.get("est_delivery_date") or (tracker.get("est_delivery_date") if i == len(details) - 1 else None)
        found.append(
            _scan(
                "easypost",
                order,
                package_id,
                code=_text(detail, "status", where),
                text=str(detail.get("message") or ""),
                when=(f"{where}.datetime", _text(detail, "datetime", where)),
                eta=(f"{where}.est_delivery_date", eta),
                country=_under(detail, "tracking_location").get("country"),
                direction=direction,
            )
        )
    return tuple(found)


def seventeen_track(track_info: Json, order: OrderRef, package_id: str) -> tuple[ShipmentScanned, ...]:
    """The track_info of one number in API v2.2, events of all its providers. Where the sub-status says nothing, the
    event's stage does; where the carrier's zone is not known (time_raw), the time is an interval."""
    found: list[ShipmentScanned] = []
    providers = _entries(_under(track_info, "tracking"), "providers")
    for p, provider in enumerate(providers):
        for i, event in enumerate(_entries(provider, "events")):
            where = f"tracking.providers.{p}.events.{i}"
            code = str(event.get("sub_status") or "")
            if kind_of("17track", code) is ScanKind.UNKNOWN:
                code = str(event.get("stage") or code)
            found.append(
                _scan(
                    "17track",
                    order,
                    package_id,
                    code=code,
                    text=str(event.get("description") or ""),
                    when=_seventeen_time(event, where),
                    country=_under(event, "address").get("country"),
                )
            )
    return tuple(found)


def aftership(tracking: Json, order: OrderRef, package_id: str) -> tuple[ShipmentScanned, ...]:
    """A tracking object; the time of a checkpoint may come without an offset."""
    found: list[ShipmentScanned] = []
    for i, checkpoint in enumerate(_entries(tracking, "checkpoints")):
        where = f"checkpoints.{i}"
        found.append(
            _scan(
                "aftership",
                order,
                package_id,
                code=_text(checkpoint, "subtag", where),
                text=str(checkpoint.get("message") or ""),
                when=(f"{where}.checkpoint_time", _text(checkpoint, "checkpoint_time", where)),
            )
        )
    return tuple(found)


def _scan(
    provider: str,
    order: OrderRef,
    package_id: str,
    *,
    code: str,
    text: str,
    when: tuple[str, str],
    eta: tuple[str, str | None] = ("", None),
    country: object = None,
    direction: Direction | None = None,
) -> ShipmentScanned:
    earliest, latest = interval(*when)
    try:
        return ShipmentScanned(
            tenant=order.tenant,
            platform=order.platform,
            order_id=order.order_id,
            occurred_at=earliest,
            occurred_until=None if latest == earliest else latest,
            package_id=package_id,
            kind=kind_of(provider, code, text=text),
            handed_to=handed_to(provider, code),
            carrier_eta=interval(eta[0], eta[1])[1] if eta[1] else None,
            provider=provider,
            raw_code=code,
            raw_text=text[:MAX_TEXT_CHARACTERS],
            country=country if isinstance(country, str) and COUNTRY.fullmatch(country) else None,
            direction=direction,
        )
    except ValidationError as error:
        raise contract_error(error) from None


def _seventeen_time(event: Json, where: str) -> tuple[str, str]:
    raw = _under(event, "time_raw")
    if raw.get("date") and raw.get("time") and not raw.get("timezone"):
        return f"{where}.time_raw", f"{raw['date']}T{raw['time']}"
    name = "time_iso" if event.get("time_iso") else "time_utc"
    return f"{where}.{name}", _text(event, name, where)


def _entries(holder: Json, name: str) -> Sequence[Json]:
    entries = holder.get(name)
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise ContractError(name, "a list of objects", entries)
    if len(entries) > MAX_ENTRIES:
        raise ContractError(name, f"at most {MAX_ENTRIES} entries", f"{len(entries)} entries")
    return entries


def _under(holder: Json, name: str) -> Json:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _text(holder: Json, name: str, where: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise ContractError(f"{where}.{name}", "a text", value)
    return value
