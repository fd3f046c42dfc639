"""Named defects of the product, each hunted by the simulation or by a named test: a check that catches none is none."""
