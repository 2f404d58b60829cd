"""The query of an address, as every route reads it."""

from urllib.parse import unquote_plus

from services.contracts.text import trimmed


def without_blanks(query: bytes) -> bytes:
    """The query without its empty parameters: they count as missing, as in a form and in JSON."""
    parts = query.split(b"&") if query else []
    return b"&".join(part for part in parts if trimmed(unquote_plus(part.partition(b"=")[2].decode("latin-1"))))
