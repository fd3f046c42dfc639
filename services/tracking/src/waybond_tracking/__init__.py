"""Tracking: watches parcels and says what it knows when a clock runs out."""
