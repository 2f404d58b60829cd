"""A service as the chassis runs it."""
