"""What must always hold, checked on a running stack: services' tables against Kafka and the payment system."""
