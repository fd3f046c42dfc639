"""Real services, Kafka, PostgreSQL and payment sandbox under fire, with a steady flow of orders through them."""
