"""TLS verification of the platform's clients."""

import ssl


def tls_verify(url: str) -> ssl.SSLContext | bool:
    """The `verify` of a client of this URL: the system's certificates, or none for plain HTTP.

    Loading the system's certificates takes longer than most requests.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http:") else True
