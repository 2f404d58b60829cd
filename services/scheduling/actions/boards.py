"""The live boards of centres."""


def board(centre: str) -> str:
    """The name of a centre's live board: who waits, and who is in an interview."""
    return f"scheduling:{centre}"
