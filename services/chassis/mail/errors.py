"""Why a message did not leave, and what is done about it."""

from datetime import datetime, timedelta


class DeliveryError(Exception):
    """A message was not taken over; `code` is the server's number or a code of ours.

    `pause`: the server asks to be left alone for as long.
    """

    def __init__(self, code: str, pause: timedelta = timedelta()) -> None:
        super().__init__(code)
        self.code = code
        self.pause = pause


class RefusedForGood(DeliveryError):
    """The server will never take this message. `address`: because nothing reaches its recipient."""

    def __init__(self, code: str, *, address: bool = False) -> None:
        super().__init__(code)
        self.address = address


class TryLater(DeliveryError):
    """The server does not take this message now."""


class NothingToSend(DeliveryError):
    """The message is not to be sent any more; `code` says why."""


class NotYet(DeliveryError):
    """The message can wait, and is not to be sent before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("not-yet")
        self.until = until


class ServerAway(DeliveryError):
    """The server does not take any message now."""


def is_of_address(status: str) -> bool:
    """Whether a status (RFC 3463, `5.1.1`) says that nothing reaches the address: not for its mail or for ours alone.

    Subjects 1 and 2 are the address and the mailbox; a full one (`5.2.2`) or one for short messages (`5.2.3`) exists,
    and `5.1.7` and `5.1.8` are about the address of the sender.
    """
    kind, subject, detail = (*status.split("."), "", "")[:3]
    others = {"1": ("7", "8"), "2": ("2", "3")}
    return kind == "5" and subject in others and detail not in others[subject]
