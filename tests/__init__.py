"""Tests. Under `make test` the processes that run them import the services with marks; those that they start do not."""

import sys

from tests import statements

if statements.MEASURING and "pytest" in sys.modules:
    statements.measure()
