"""The desk over tables and HTTP: what waits for people, and what they say."""
