"""What the buyer was told, in the claim file: the values, of which the texts are made again in any language."""

from datetime import datetime

from msgspec import Struct

MAX_TOLD = 32
"""How many notices a file keeps, the last ones; all are published, and counted by `Case.notices`."""


class Told(Struct, frozen=True, array_like=True, gc=False):
    """One notice. The names of sentences and values are those of the files of texts."""

    about: str
    at: datetime
    sentences: tuple[str, ...]
    amounts: dict[str, int] = {}
    """Minor units, by name."""
    instants: dict[str, datetime] = {}
    words: dict[str, str] = {}
    """Codes that have a text in each language (a clause, kinds of evidence), and text of the platform."""
