"""Runs pricing: `python -m waybond_pricing`."""

from waybond_kit.service import main
from waybond_pricing.app import DEFINITION, PricingSettings

if __name__ == "__main__":
    main(DEFINITION, PricingSettings)
