"""What every process runs on. Other modules are tested elsewhere:

- `tls` in `tests/launcher/test_databases.py`
"""
