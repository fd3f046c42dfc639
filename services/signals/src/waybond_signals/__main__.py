"""Runs signals: `python -m waybond_signals`."""

from waybond_kit.service import main
from waybond_signals.app import DEFINITION

if __name__ == "__main__":
    main(DEFINITION)
