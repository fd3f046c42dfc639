"""The calendars that come with Waybond, as texts to put into a wording."""

from importlib.resources import files


def calendar(name: str) -> str:
    """The text of one of them ("br")."""
    return (files("waybond_contracts") / "calendars" / f"{name}-2026.1.toml").read_text(encoding="utf-8")
