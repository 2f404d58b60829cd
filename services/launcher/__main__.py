"""`python -m services.launcher` is the `cefo` command."""

from services.launcher.command import main

main()
