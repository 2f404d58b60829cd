"""What ends a command."""


class Refusal(Exception):
    """Something is not possible, or is missing. The French message says what, and the way out; the exit code is 1."""
