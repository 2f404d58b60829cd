"""Streaming imports of NDJSON or CSV: valid lines are imported in batches, bad lines are reported.

The body is streamed and never in memory as a whole: `bodies` unpacks and decodes it, `tables` reads CSV as spreadsheets
write it, `importing` records the lines in batches. Reports are spooled to disk and sent after the body has ended.
"""

from services.chassis.web.imports.described import imports
from services.chassis.web.imports.faults import BadLine
from services.chassis.web.imports.importing import (
    Outcome,
    SeveralRefused,
    check_each,
    fingerprints_of,
    import_lines,
    import_once,
    record_batch,
)

__all__ = [
    "BadLine",
    "Outcome",
    "SeveralRefused",
    "check_each",
    "fingerprints_of",
    "import_lines",
    "import_once",
    "imports",
    "record_batch",
]
