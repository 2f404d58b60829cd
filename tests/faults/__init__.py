"""Injected faults under load, and an independent checker of the results.

`load` sends requests, `history` records them with their answers, `nemesis` and the tests inject the faults, `evidence`
reads stores, topics and figures without the platform's code, and `checker` compares. docs/decisions/0007 gives the
reasons.

| fault | test |
|---|---|
| kill -9 at each step of delivery, at random moments, during a rebuild; SIGTERM during a batch | `test_kills` |
| broker killed and restarted; one of three lost; lost with log and offsets | `test_brokers` |
| database restarted at once; disk full | `test_stores` |
| a member suspended and resumed; rebalance during a batch; two relays; slow consumer | `test_members` |
| poison; duplicates and reordering | `test_records` |
| connections that lose everything, or only the answers | `test_network` |
| Redis lost or emptied; broken event streams; a clock that jumps | `test_hints` |
| webhook receivers | none: the platform has no webhooks |

A test fails if its fault did not happen. Each test prints its seed; `SEED=162657 pytest tests/faults/…` repeats it.
`make faults` kills hundreds of times more.
"""
