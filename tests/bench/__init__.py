"""Benchmarks of the platform and of comparators, in one run on one machine: `make bench`.

One file per row of the table in docs/speed.md: `row_a_pipeline.py` … `row_i_tickets.py`. The docstring of
each file describes the comparison; the file has `ours` and `comparator`. No test depends on a timing;
`test_bench.py` checks with tiny sizes that each measurement does its work.
"""
