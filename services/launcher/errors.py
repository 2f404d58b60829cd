"""The errors that end a command."""


class Refusal(Exception):
    """A command cannot do what was asked. The French message gives cause and remedy; the exit code is 1."""
