"""Waybond's contracts: events, money, places, wording and the envelope they travel in."""
