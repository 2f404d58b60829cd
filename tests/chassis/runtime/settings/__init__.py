"""The settings. Other modules are tested elsewhere:

- `environment` in `tests/architecture/test_settings.py`
- `http` in `tests/chassis/web/test_app.py`
"""
