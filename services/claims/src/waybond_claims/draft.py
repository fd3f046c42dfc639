"""What one call of decide writes: the file as it changes, and the events that it publishes, in order."""

from datetime import datetime
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.brake import Brake, Commanded
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import Question
from waybond_claims.events import about
from waybond_contracts.claims import ClaimEvent
from waybond_contracts.event import Event
from waybond_contracts.making import maker


class Draft(Struct):
    """`cause` names the fact that is being decided on (its type, or Woken).

    `sent_at` is when others can hear of it at the earliest, `now` or later: what they are given time for starts then.
    """

    case: Case
    now: datetime
    cause: str
    sent_at: datetime
    events: list[Event] = []
    about: dict[str, Any] = {}
    """What all events have in common; known with the first one, when the claim has its id."""
    brake: Brake | None = None
    braked: Question | None = None
    """What a person is asked about a payment that the brake keeps waiting."""
    commanded: tuple[Commanded, ...] = ()
    """What counts under a ceiling."""

    def change(self, **fields: Any) -> None:
        """Write fields of the file anew."""
        self.case = replace(self.case, **fields)

    def say(self, kind: type[ClaimEvent], fields: dict[str, Any], **changed: Any) -> None:
        """Publish a step of the claim under the case's next version, and write with it what it changes in the file."""
        version = self.case.version + 1
        self.case = replace(self.case, version=version, **changed)
        self.publish(kind, {"version": version} | fields)

    def publish(self, kind: type[Event], fields: dict[str, Any]) -> None:
        """Publish anything else about the order."""
        if not self.about:
            self.about = about(self.case, self.now)
        self.events.append(maker(kind)(self.about | fields))


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
