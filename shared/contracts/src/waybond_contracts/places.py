"""Countries and lanes: where an order comes from and goes to, and the patterns by which wordings name them."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from waybond_contracts._iso import COUNTRIES
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Model

# What providers write for an ISO code: the United Kingdom and Greece in the European Commission's usage.
ALIASES = {"UK": "GB", "EL": "GR"}


def _known(code: str) -> str:
    code = ALIASES.get(code, code)
    if code not in COUNTRIES:
        raise ContractError("", "an ISO 3166-1 alpha-2 country code", code)
    return code


def country_name(code: str) -> str:
    """The English name of a country in ISO 3166-1; the code itself where it is none."""
    return COUNTRIES.get(code, code)


def countries() -> tuple[str, ...]:
    """The codes of all countries, in the order of the alphabet."""
    return tuple(sorted(COUNTRIES))


Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    AfterValidator(_known),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Z]{2}$",
            "description": "ISO 3166-1 alpha-2 code; UK and EL are read as GB and GR, XK is Kosovo.",
        }
    ),
]


def _pattern(text: str) -> str:
    if text in ("*", "international", "domestic"):
        return text
    origin, dash, destination = text.partition("-")
    if not dash or any(part != "*" and part not in COUNTRIES for part in (origin, destination)):
        raise ContractError("", "*, international, domestic, or a pattern such as CN-BR or *-BR", text)
    return text


LanePattern = Annotated[str, StringConstraints(max_length=16), AfterValidator(_pattern)]
"""`*`, `international`, `domestic`, or origin and destination with a dash, either of them `*`."""


class Lane(Model):
    """Origin and destination country of an order."""

    origin: Country
    """Where it is sent from."""
    destination: Country
    """Where it is sent to."""

    @classmethod
    def parse(cls, text: str) -> "Lane":
        """Read "CN-BR". Raises ContractError."""
        origin, _, destination = text.partition("-")
        for code in (origin, destination):
            if ALIASES.get(code, code) not in COUNTRIES:
                raise ContractError("lane", "two ISO country codes with a dash", text)
        return cls(origin=origin, destination=destination)

    def matches(self, pattern: str) -> bool:
        """Whether a wording's lane pattern names this lane."""
        if pattern == "*":
            return True
        if pattern in ("international", "domestic"):
            return (self.origin != self.destination) == (pattern == "international")
        origin, _, destination = pattern.partition("-")
        return origin in ("*", self.origin) and destination in ("*", self.destination)

    def __str__(self) -> str:
        return f"{self.origin}-{self.destination}"


def precise(pattern: str) -> int:
    """How precisely a pattern names a lane, for picking the closest of several that match (higher is closer)."""
    if pattern == "*":
        return 0
    if "-" not in pattern:
        return 1
    return 2 + sum(part != "*" for part in pattern.split("-"))
