"""`make bench`: run the rows, print the table, write bench.json, docs/speed.md and the README's figures.

Rows that are not selected keep the figures of the last run on an equal machine.
"""

import argparse
import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from time import perf_counter

import uvloop

from services.launcher.stack import tune_gc
from tests.bench import (
    report,
    row_a_pipeline,
    row_c_relay,
    row_d_live,
    row_e_check_in,
    row_f_scale,
    row_g_rebuild,
    row_h_start,
    row_i_tickets,
    row_j_pages,
    row_k_refused,
    row_l_replay,
    row_m_boards,
    row_o_slots,
    row_p_bookings,
)
from tests.bench.measuring import Row, Size

ROWS: dict[str, Callable[[Size], Awaitable[list[Row]]]] = {
    "a": row_a_pipeline.measure,
    "b": row_a_pipeline.measure,
    "c": row_c_relay.measure,
    "d": row_d_live.measure,
    "e": row_e_check_in.measure,
    "i": row_i_tickets.measure,
    "f": row_f_scale.measure,
    "g": row_g_rebuild.measure,
    "h": row_h_start.measure,
    "j": row_j_pages.measure,
    "k": row_k_refused.measure,
    "l": row_l_replay.measure,
    "m": row_m_boards.measure,
    "n": row_j_pages.measure,
    "o": row_o_slots.measure,
    "p": row_p_bookings.measure,
    "q": row_p_bookings.measure,
}

KEPT = 5
"""Fewest rounds of a measurement that is saved."""


async def run(keys: list[str], size: Size) -> list[Row]:
    """Measure these rows one after the other, each measure once."""
    measured: list[Row] = []
    me = asyncio.current_task()
    assert me is not None
    # SIGTERM also stops the servers that this process started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    for measure in dict.fromkeys(ROWS[key] for key in keys):
        names = ", ".join(key for key in keys if ROWS[key] is measure)
        print(f"{names}: {(measure.__globals__['__doc__'] or '').splitlines()[0]}", flush=True)
        started = perf_counter()
        rows = [one for one in await measure(size) if one.key[0] in keys]
        measured += rows
        print(f"{report.table([one.as_json() for one in rows])}  ({perf_counter() - started:.0f} s)\n", flush=True)
    return measured


def main() -> None:
    """Run the rows that the command line selects."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--rows", default=",".join(ROWS), help="for example a,c,e")
    options.add_argument("--rounds", type=int, default=KEPT, help=f"fewer than {KEPT} are shown, not kept")
    options.add_argument("--small", action="store_true", help="tiny sizes, to try things; writes nothing")
    chosen = options.parse_args()
    keys = chosen.rows.split(",")
    if unknown := set(keys) - set(ROWS):
        options.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    # In rows c and g, relay and consumer run in this process, as in `cefo up`.
    tune_gc()
    # A broker that was just started is not ready for a second; the client logs it and retries.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(run(keys, Size(chosen.rounds, chosen.small)))
    if not chosen.small and chosen.rounds >= KEPT:
        result = report.save([row.as_json() for row in rows], small=False)
        report.into_documents(result)
        print(report.table(result["rows"]))


if __name__ == "__main__":
    main()
