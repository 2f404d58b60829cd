"""Tests of the imports.

- `described` in `tests/openapi/test_documents.py`
- `faults` in `tests/chassis/web/imports/test_importing.py`
- `kinds` in `tests/chassis/web/imports/test_importing.py`
"""
