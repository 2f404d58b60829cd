"""Runs the `cefo` command."""

import gc

# What is imported stays: the collector would look at all of it again and again, a tenth of the time to start.
gc.disable()

from services.launcher.commands.app import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
