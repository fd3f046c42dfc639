"""Claims as a service: how a file is stored, shown, counted and served."""
