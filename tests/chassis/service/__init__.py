"""A service as the chassis runs it. Another module is tested elsewhere:

- `suppression` in `tests/conformance/test_suppression.py`
"""
