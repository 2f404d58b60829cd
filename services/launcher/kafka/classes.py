"""The classes that a node uses (50 MB), kept as Java wants them: the next node need not read them anew."""

import os
from collections.abc import Callable
from pathlib import Path

from services.launcher.kafka.jars import jars, java, process_lock


def class_data_sharing(dump: Callable[[str], bool]) -> str:
    """Java's option to start from what is kept; empty where this Java keeps nothing.

    With other jars or another Java than last time, `learn` is asked first: it runs a node with the option it is given,
    and says whether that came up and ended in order.
    """
    libs, program = jars(), Path(java()).resolve()
    kept, stamp = libs / "classes.jsa", libs / "classes-of"
    wanted = f"{(libs / 'copied-from').read_text()} {program} {program.stat().st_mtime_ns}"
    with process_lock(libs / "classes.lock"):
        if not (stamp.exists() and stamp.read_text() == wanted):
            kept.unlink(missing_ok=True)
            new = kept.with_suffix(".new")
            if dump(f"-XX:ArchiveClassesAtExit={new}"):
                if new.exists():
                    os.replace(new, kept)
                stamp.write_text(wanted)
            new.unlink(missing_ok=True)
    return f"-XX:SharedArchiveFile={kept}" if kept.exists() else ""
