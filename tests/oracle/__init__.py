"""What an order is owed, worked out a second time from the facts and the wording alone."""
