"""A stand-in for payment systems: a stranger to Waybond that takes refund commands and keeps books of its own."""
