"""Signals: what is known of buyers, addresses, cards, sellers and photos over many orders."""
