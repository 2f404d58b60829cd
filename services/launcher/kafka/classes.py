"""Class data sharing: an archive (50 MB) of the classes that a node loads, so that later nodes start faster."""

import os
from collections.abc import Callable
from pathlib import Path

from services.launcher.kafka.jars import jars, java, process_lock


def class_data_sharing(dump: Callable[[str], bool]) -> str:
    """Java's option to use the archive; empty if this Java writes none.

    If the jars or Java have changed, `dump` is called first: it runs a node with the given option, and returns
    whether the node started and stopped cleanly.
    """
    libs, program = jars(), Path(java()).resolve()
    archive, stamp = libs / "classes.jsa", libs / "classes-of"
    wanted = f"{(libs / 'copied-from').read_text()} {program} {program.stat().st_mtime_ns}"
    with process_lock(libs / "classes.lock"):
        if not (stamp.exists() and stamp.read_text() == wanted):
            archive.unlink(missing_ok=True)
            new = archive.with_suffix(".new")
            if dump(f"-XX:ArchiveClassesAtExit={new}"):
                if new.exists():
                    os.replace(new, archive)
                stamp.write_text(wanted)
            new.unlink(missing_ok=True)
    return f"-XX:SharedArchiveFile={archive}" if archive.exists() else ""
