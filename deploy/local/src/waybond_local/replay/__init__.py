"""Replays history through running services: events in the order in which they became known, and time behind them."""
