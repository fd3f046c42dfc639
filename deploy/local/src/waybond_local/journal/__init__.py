"""The audit: a service's state made again from its topics and its journal, and compared with its tables."""
