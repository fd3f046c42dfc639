"""Runs tracking: `python -m waybond_tracking`."""

from waybond_kit.service import main
from waybond_tracking.app import DEFINITION

if __name__ == "__main__":
    main(DEFINITION)
