"""Secrets that settings name by file, so that they stand in no variable, argument or log."""

from pathlib import Path

KEY_BYTES = 32
"""The least length of a key."""


class UnusableSecret(ValueError):
    """A secret cannot be used. The French message names its setting or file, never the secret."""


def read_secret(path: Path, variable: str) -> str:
    """The secret in a file, without the line break at its end. Raises `UnusableSecret`."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise UnusableSecret(
            f"{variable} : le fichier {path} ne peut pas être lu. Vérifiez le chemin et les droits."
        ) from None
    if not text:
        raise UnusableSecret(f"{variable} : le fichier {path} est vide. Écrivez-y le secret.")
    return text


def check_key(key: str, where: str) -> str:
    """The key, if it is long enough. `where`: its setting or file. Raises `UnusableSecret`."""
    if len(key.encode()) < KEY_BYTES:
        raise UnusableSecret(
            f"{where} : la clé est trop courte, il faut au moins {KEY_BYTES} octets. "
            "Créez-en une avec `openssl rand -base64 48`."
        )
    return key
