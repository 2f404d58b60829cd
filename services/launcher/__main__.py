"""Runs the `cefo` command."""

import gc
import os

# Imported objects live as long as the process: collecting while importing takes a tenth of the start-up time.
gc.disable()

from services.launcher.commands import app  # noqa: E402

gc.freeze()
gc.enable()


def main() -> None:
    """Run the command. What it writes is for its owner alone: stores, keys, messages, logs."""
    os.umask(0o077)
    app.main()


if __name__ == "__main__":
    main()
