"""Readers of real shipping history: typed orders and packages, with what contradicts itself counted, never dropped."""
