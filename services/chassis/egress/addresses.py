"""Which addresses may be asked: https, a public name, and only public addresses behind it (OWASP ASVS 5.0, 1.3.6).

An address of a person is refused for what it is before anything is asked, and for what its name stands for afterwards.
"""

import re
from collections.abc import Collection
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import idna

IP = IPv4Address | IPv6Address
MOST_CHARACTERS = 2000
"""Of an address that a person enters."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PUBLIC_V6 = IPv6Network("2000::/3")
_OTHERS_V6 = (IPv6Network("2001::/32"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))
"""Teredo and 6to4, with an IPv4 address inside, of any network; and documentation (RFC 9637).

NAT64 and mapped addresses are not in `2000::/3`.
"""
_RELAYS = IPv4Network("192.88.99.0/24")


class Refusal(StrEnum):
    """Why an address is not asked, or what it answered is not taken."""

    NOT_AN_ADDRESS = "not-an-address"
    NOT_HTTPS = "not-https"
    WITH_ACCOUNT = "with-account"
    OTHER_PORT = "other-port"
    NOT_A_NAME = "not-a-name"
    NOT_LISTED = "not-listed"
    """The operator lists the hosts that may be asked, and this is none of them."""
    NO_SUCH_HOST = "no-such-host"
    NOT_PUBLIC = "not-public"
    NO_CONNECTION = "no-connection"
    TIMEOUT = "timeout"
    REDIRECTED = "redirected"
    STATUS = "status"
    TOO_LARGE = "too-large"
    COMPRESSED = "compressed"


class EgressRefused(Exception):
    """Nothing was asked, or the answer was not taken. `status`: what the server answered, if it did."""

    def __init__(self, why: Refusal, status: int | None = None) -> None:
        super().__init__(why.value if status is None else f"{why.value} {status}")
        self.why = why
        self.status = status


class Target(NamedTuple):
    """Where a request goes. `host`: a name in ASCII; `path`: with the query."""

    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The address, in its one spelling."""
        port = "" if self.port == 443 else f":{self.port}"
        return f"https://{self.host}{port}{self.path}"


def target_of(address: str, *, hosts: Collection[str] = (), ports: Collection[int] = (443,)) -> Target:
    """Where an entered address leads. Raises `EgressRefused`.

    `hosts`: only these, where any are listed: `example.org` for one host, `.example.org` for those below it.
    An address with numbers instead of a name is refused in every spelling, decimal, octal and hexadecimal too.
    """
    if len(address) > MOST_CHARACTERS or re.search(r"[\x00-\x20\x7f\\]", address):
        raise EgressRefused(Refusal.NOT_AN_ADDRESS)
    try:
        parts = urlsplit(address)
        port = parts.port or 443
    except ValueError as error:
        raise EgressRefused(Refusal.NOT_AN_ADDRESS) from error
    if parts.scheme != "https":
        raise EgressRefused(Refusal.NOT_HTTPS)
    if parts.username is not None or parts.password is not None:
        raise EgressRefused(Refusal.WITH_ACCOUNT)
    host = _name(parts.hostname or "")
    if port not in ports:
        raise EgressRefused(Refusal.OTHER_PORT)
    if hosts and not any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts):
        raise EgressRefused(Refusal.NOT_LISTED)
    if not parts.path.isascii() or not parts.query.isascii():
        raise EgressRefused(Refusal.NOT_AN_ADDRESS)
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _name(host: str) -> str:
    """The name in ASCII. Raises `EgressRefused`."""
    try:
        name = idna.encode(host.removesuffix("."), uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise EgressRefused(Refusal.NOT_A_NAME) from error
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        raise EgressRefused(Refusal.NOT_A_NAME)
    return name


def is_public(address: IP | str) -> bool:
    """Whether an address is one of the internet: of no private, local, reserved, documentation or group network.

    Those with an IPv4 address inside are refused, whatever it is: who asks them decides where they lead.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and ip not in _RELAYS
    if ip not in _PUBLIC_V6 or any(ip in network for network in _OTHERS_V6):
        return False
    return ip.is_global and not ip.is_multicast and ip.scope_id is None
