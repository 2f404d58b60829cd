"""Tests of the imports.

- `faults` in `tests/chassis/web/imports/test_importing.py`
- `kinds` in `tests/chassis/web/imports/test_importing.py`
"""
