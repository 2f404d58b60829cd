"""Dead letters as operators see them. Other modules are tested together with the pages:

- `api` in `tests/chassis/web/dead_letters/test_pages.py`
- `shown` in `tests/chassis/web/dead_letters/test_pages.py`
"""
