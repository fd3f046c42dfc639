"""Watches every call of `decide` and every commit, and notes what must never be."""

from datetime import datetime
from typing import Any

from tests.simulation.broker import Broker
from tests.simulation.database import Database


class Watch:
    """What was seen that must never be, in `wrong`."""

    def __init__(self, broker: Broker, databases: dict[str, Database], definitions: dict[str, Any]) -> None:
        self.wrong: list[str] = []
        self.definitions = definitions
        self.decided = 0

    def decide(self, process: Any, state: Any, fact: Any, now: datetime, failing: set[str]) -> Any:
        self.decided += 1
        service = process.site.definition.name
        if service == "pricing":
            return process.desk(state, fact, now)
        return self.definitions[service].decide(state, fact, now)
