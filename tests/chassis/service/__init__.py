"""A service as the chassis runs it. Other modules are tested elsewhere:

- `erased_persons` in `tests/conformance/test_suppression.py`
- `suppression` in `tests/conformance/test_suppression.py`
"""
