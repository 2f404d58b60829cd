"""What may stand in the arguments of a command: every user of the machine can read them."""

import re
from collections.abc import Iterable

from services.launcher.errors import Refusal

_WITH_PASSWORD = re.compile(r"://[^/?#]*:[^/?#]*[^/?#:]@")


class PasswordInArgument(Refusal):
    """An argument holds the password of a server."""


def refuse_passwords(arguments: Iterable[str]) -> None:
    """Refuse an address with a password in it. Raises `PasswordInArgument`."""
    if any(_WITH_PASSWORD.search(argument) for argument in arguments):
        raise PasswordInArgument(
            "Un mot de passe se trouve dans les arguments. Chaque compte de cette machine peut le lire. "
            "Mettez-le dans un fichier, avec CEFO_STORE_PASSWORD_FILE ou CEFO_REDIS_PASSWORD_FILE."
        )
