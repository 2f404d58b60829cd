"""Faults of every kind, under load, and an independent checker of what they left behind.

`load` asks, `history` writes down what was asked and answered, `nemesis` and the tests make the faults, `evidence`
reads stores, topics and figures without the platform's code, and `checker` compares. docs/decisions tells why.

A fault that did not happen fails its test. Each test prints its seed; `SEED=162657 pytest tests/faults/…` repeats it.
"""
