"""Runs claims: `python -m waybond_claims`."""

from waybond_claims.app import DEFINITION
from waybond_claims.service.settings import ClaimsSettings
from waybond_kit.service import main

if __name__ == "__main__":
    main(DEFINITION, ClaimsSettings)
