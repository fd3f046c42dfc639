"""Orders of Olist through the real services, compared order by order with a computation from the raw tables."""
