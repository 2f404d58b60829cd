"""Encrypted connections to other servers: certificate and host name are always verified."""

import ssl
from pathlib import Path


def tls_context(
    ca_file: Path | None = None, certificate_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """A client's TLS settings; files in PEM. Without `ca_file`, the machine's authorities are trusted.

    Raises `OSError` for a file that cannot be read or does not hold what it should (`ssl.SSLError` is one).
    """
    context = ssl.create_default_context(cafile=ca_file)
    if certificate_file is not None:
        # Without a password, a key that needs one would ask for it on the terminal.
        context.load_cert_chain(certificate_file, key_file, password="")
    return context
