"""Runs one service so that its process can kill or freeze itself at a named point of the flow."""

from __future__ import annotations

import os
from typing import Any

import waybond_kit.service as kit
from tests.chaos.releases import release_of
from tests.support import points
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.service.settings import ClaimsSettings
from waybond_kit import engine
from waybond_kit.definition import Definition
from waybond_local.sandbox.__main__ import main as run_sandbox
from waybond_pricing.app import DEFINITION as PRICING
from waybond_pricing.app import PricingSettings
from waybond_tracking.app import DEFINITION as TRACKING

RELEASE = "CHAOS_RELEASE"
"""Which version of the code the process is."""

DEFINITIONS: dict[str, Definition[Any]] = {"pricing": PRICING, "tracking": TRACKING, "claims": CLAIMS}
SETTINGS: dict[str, type[kit.Settings]] = {"pricing": PricingSettings, "claims": ClaimsSettings}


def run(name: str) -> None:
    """Run a service, or the payment sandbox, with what the environment says, until it is told to stop."""
    if name == "sandbox":
        run_sandbox()
        return
    points.install()
    release = release_of(os.environ.get(RELEASE, ""))
    engine.Door = release.door  # type: ignore[misc]  # the engine makes its own
    points.Sender.loses_every = release.loses_every
    kit.version = release.version  # type: ignore[assignment]  # what the journal notes as the code's version
    kit.main(release.of(DEFINITIONS[name]), SETTINGS.get(name, kit.Settings))
