"""Runs a service: the kit's parts put together around one definition."""

from waybond_kit.definition import Definition, Input, InputKind, Publish, Resources, Storage

__all__ = ["Definition", "Input", "InputKind", "Publish", "Resources", "Storage"]
