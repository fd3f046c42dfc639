"""Complaints and chargebacks, and what they are told."""
