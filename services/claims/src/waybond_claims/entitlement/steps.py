"""The steps of an amount, as an explanation shows them."""

from msgspec import Struct

from waybond_contracts.explanation import StepKind


class Stepped(Struct, frozen=True, gc=False):
    """A step of the amount, in minor units."""

    kind: StepKind
    what: str
    minor: int
    result: int


def step(steps: list[Stepped], kind: StepKind, what: str, minor: int) -> int:
    """Add a step to those before it; return the amount after it."""
    before = steps[-1].result if steps else 0
    signed = -minor if kind is StepKind.LESS else minor
    result = min(before, minor) if kind is StepKind.CAP else before + signed
    steps.append(Stepped(kind, what, minor, result))
    return result
