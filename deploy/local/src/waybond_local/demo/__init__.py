"""The demo: one parcel's story, a year of real shipments, and the invariants behind both."""
