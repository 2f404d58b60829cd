"""Pages, forms, streams and endpoints of the sample service. Other modules are tested elsewhere:

- `once` in `tests/plans/test_sent_again.py`
- `personal_data` in `tests/journeys/test_personal_data.py`
"""
