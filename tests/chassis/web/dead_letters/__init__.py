"""Dead letters as operators see them. Other modules are tested together with the pages:

- `shown` in `tests/chassis/web/dead_letters/test_pages.py`
"""
