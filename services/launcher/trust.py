"""What a client of a platform trusts."""

import ssl


def tls_verify(url: str) -> ssl.SSLContext | bool:
    """Whom a client of this address trusts, as its `verify`: nobody where all is plain HTTP, on loopback above all.

    To load the machine's certificates takes longer than most answers.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http:") else True
