"""Copies of what another service owns."""
