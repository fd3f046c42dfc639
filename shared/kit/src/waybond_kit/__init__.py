"""Carries one pure function from facts to facts, once and in order, over Kafka and PostgreSQL."""
