"""Runs the `cefo` command."""

import gc

# Imported objects live as long as the process: collecting while importing takes a tenth of the start-up time.
gc.disable()

from services.launcher.commands.app import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
