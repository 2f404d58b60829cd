"""The store. Other modules are tested elsewhere:

- `alembic/env` in `tests/architecture/test_migrations.py`
- `claims` in `tests/conformance/test_claims.py`
- `emitting` in `tests/conformance/test_work.py`
"""
