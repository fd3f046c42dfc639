"""Measures the claims service against the service one would write from a tutorial, on real Kafka and PostgreSQL."""
