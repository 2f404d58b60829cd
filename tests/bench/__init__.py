"""How fast it is, beside what it is compared with, in one run on one machine: `make bench`.

One file per row of the table in docs/speed.md: `row_a_pipeline.py` … `row_i_tickets.py`. Each says in its docstring
what it compares, and has `ours` and `comparator`. Timings decide no test; `test_bench.py` proves with tiny sizes that
each measure does the work it claims.
"""
