"""Pricing: quotes, binds and amends cover."""
