"""The rules of kiosks: whose token signs a browser in."""

from services.chassis.refusals import Refused, msg
from services.contracts.accounts import AccountKind
from services.contracts.roles import Role
from services.directory.domain.accounts import Rights


class DeviceTokenNotValid(Refused):
    """The text is no token that holds."""

    slug = "device-token-not-valid"
    message = msg("This token is not valid. Check that it is complete, or ask for a new one.")
    field_name = "token"


class NotAKiosk(Refused):
    """A machine token of something else than a kiosk signs no browser in."""

    slug = "not-a-kiosk"
    message = msg("This token is not that of a kiosk. Use a token that only checks visitors in.")
    field_name = "token"


def is_kiosk(kind: AccountKind, rights: Rights) -> bool:
    """Whether the account is that of a kiosk, and nothing more."""
    return kind is AccountKind.DEVICE and rights.roles == frozenset({Role.KIOSK})


def check_kiosk(kind: AccountKind, rights: Rights) -> None:
    """The account is that of a kiosk, and nothing more. Raises `NotAKiosk`."""
    if not is_kiosk(kind, rights):
        raise NotAKiosk()
