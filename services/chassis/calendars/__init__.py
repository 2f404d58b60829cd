"""Calendars as other programs read and write them (RFC 5545)."""
