"""Pages, forms, streams and endpoints of the sample service. Other modules are tested elsewhere:

- `once` in `tests/plans/test_sent_again.py`
- `media` in `tests/openapi/test_documents.py`
- `openapi/answers` in `tests/openapi/test_documents.py`
- `openapi/reasons` in `tests/openapi/test_documents.py`
- `problem_models` in `tests/openapi/test_documents.py`
- `personal_data` in `tests/journeys/test_personal_data.py`
"""
