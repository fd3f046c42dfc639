"""The services and the kit on a simulated broker, database and clock: one process, one seed, no sockets."""
