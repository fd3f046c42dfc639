"""Searches beyond what `make test` draws: properties, simulated worlds and an oracle under fresh seeds."""
