"""The address at which a centre's interviews by video take place. It is shown on pages, and never fetched or sent."""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator

from services.chassis.identity.tokens import Signer
from services.contracts.values import Shape, refused

APPOINTMENT = "{appointment}"
"""In an address, the place of what makes it another one for each interview."""
_PURPOSE = "video"
_LOCAL = ("localhost", "local", "internal", "arpa")
"""Top-level names that lead to nobody else's machine."""


def _is_public(host: str) -> bool:
    """Whether a host has a name on the internet. No number is one, however it is written: browsers read `0x7f.1`."""
    try:
        ip_address(host)
    except ValueError:
        top = host.rpartition(".")[2]
        return "." in host and re.match(r"[a-z]", top) is not None and top not in _LOCAL
    return False


def _checked(given: str) -> str:
    """An https address of a public host, without a user name; `APPOINTMENT` at most once, behind the host."""
    before, placeholder, after = given.partition(APPOINTMENT)
    try:
        parts = urlsplit(before)
        host = parts.hostname or ""
        _port = parts.port
    except ValueError:
        raise refused("web_address") from None
    is_behind = not placeholder or parts.path != ""
    if not is_behind or "@" in parts.netloc or not _is_public(host) or re.search(r"[{}\\]", before + after):
        raise refused("web_address")
    return given


VideoAddress = Annotated[str, Shape("web_address", r"^https://[!-~]+$", 500), AfterValidator(_checked)]
"""Printable ASCII: nothing in it looks like something else."""


def video_link(address: str | None, interview_id: UUID, keys: Signer) -> str | None:
    """Where an interview by video takes place. Nobody can guess the link of another interview, or find it by an id."""
    return address.replace(APPOINTMENT, keys.disguise(_PURPOSE, interview_id)) if address is not None else None
