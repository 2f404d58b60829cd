"""Faults of every kind, under load, and an independent checker of what they left behind.

`load` asks, `history` writes down what was asked and answered, `nemesis` and the tests make the faults, `evidence`
reads stores, topics and figures without the platform's code, and `checker` compares. docs/decisions tells why.

| fault | test |
|---|---|
| kill -9 at each step of delivery; anywhere, by chance; in a rebuild; SIGTERM in mid-batch | `test_kills` |
| broker killed and back; one of three lost; lost with log and offsets | `test_brokers` |
| database restarted at once; disk full | `test_stores` |
| a member that stands still and comes back; rebalance in mid-batch; two relays; slow consumer | `test_members` |
| poison; duplicates and reordering | `test_records` |
| lines that lose everything, or only the answers | `test_network` |
| Redis lost or emptied; broken event streams; a clock that jumps | `test_hints` |
| webhook receivers | none: the platform has no webhooks |

A fault that did not happen fails its test. Each test prints its seed; `SEED=162657 pytest tests/faults/…` repeats it.
`make faults` kills some hundred times more.
"""
