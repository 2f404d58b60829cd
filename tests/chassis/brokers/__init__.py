"""Brokers without a server. Other modules are tested elsewhere:

- `apache` in `tests/conformance/test_consumer.py`
- `embedded` in `tests/conformance/test_back_pressure.py`
- `offsets` in `tests/conformance/test_consumer.py`
- `reading` in `tests/conformance/test_suppression.py`
- `subscriber` in `tests/faults/test_clients.py`
"""
