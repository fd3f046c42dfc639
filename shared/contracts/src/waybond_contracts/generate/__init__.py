"""Writes what is derived from the models: JSON Schemas, the AsyncAPI document, the events reference, the ISO tables."""
