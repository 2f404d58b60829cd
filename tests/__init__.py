"""Tests. Those of the quick ones that `make coverage` measures import the services with marks."""

from tests import statements

if statements.MEASURING:
    statements.measure()
