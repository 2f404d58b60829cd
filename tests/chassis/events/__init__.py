"""Events without a broker. Other modules are tested elsewhere:

- `asyncapi` in `tests/contracts/test_asyncapi.py`
- `catching_up` in `tests/conformance/test_restore.py`
- `consumer` in `tests/conformance/test_consumer.py`
- `inbox` in `tests/conformance/test_order.py`
- `making_dead` in `tests/conformance/test_batches.py`
- `mid_stream` in `tests/conformance/test_retention.py`
- `processor` in `tests/conformance/test_order.py`
- `rebuild` in `tests/conformance/test_rebuild.py`
- `rereading` in `tests/conformance/test_restore.py`
- `refilling` in `tests/conformance/test_restore.py`
- `relay` in `tests/conformance/test_relay.py`
- `resolver` in `tests/conformance/test_dead_letters.py`
- `restoring` in `tests/conformance/test_restore.py`
- `steps` in `tests/conformance/test_batches.py`
- `trials` in `tests/conformance/test_trials.py`
"""
