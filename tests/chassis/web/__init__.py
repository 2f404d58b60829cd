"""Pages, forms, streams and endpoints of the sample service. Other modules are tested elsewhere:

- `personal_data` in `tests/journeys/test_personal_data.py`
"""
