"""Requests to addresses that people entered: guarded, so that they reach nothing inside the operator's network."""
