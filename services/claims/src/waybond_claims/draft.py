"""What one call of decide writes: the file as it changes, and the events that it publishes, in order."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from msgspec.structs import replace

from waybond_claims.published import event
from waybond_claims.state import Case
from waybond_contracts.claims import ClaimEvent
from waybond_contracts.event import Event


@dataclass(slots=True)
class Draft:
    """`cause` names the fact that is being decided on (its type, or Woken).

    `sent_at` is when others can hear of it at the earliest, `now` or later: what they are given time for starts then.
    """

    case: Case
    now: datetime
    cause: str
    sent_at: datetime
    events: list[Event] = field(default_factory=list[Event])

    def change(self, **fields: Any) -> None:
        """Write fields of the file anew."""
        self.case = replace(self.case, **fields)

    def say(self, kind: type[ClaimEvent], **fields: Any) -> None:
        """Publish a step of the claim under the case's next version."""
        self.change(version=self.case.version + 1)
        self.events.append(event(kind, self.case, self.now, version=self.case.version, **fields))

    def publish(self, kind: type[Event], **fields: Any) -> None:
        """Publish anything else about the order."""
        self.events.append(event(kind, self.case, self.now, **fields))


def named(namespace: str, name: str) -> str:
    """The id (UUID, version 5) of something that follows from `name` within the thing that `namespace` identifies.

    As uuid.uuid5 makes it, in a third of the time.
    """
    try:
        space = bytes.fromhex(namespace.replace("-", ""))
    except ValueError:
        space = b""
    if len(space) != 16:
        space = uuid5(NAMESPACE_OID, namespace).bytes
    text = sha1(space + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
