"""Copies of what another service owns.

Modules that are tested elsewhere:

- `visits` in `tests/boards/test_boards_agree.py`
"""
