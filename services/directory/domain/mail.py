"""The messages that the directory sends."""

from enum import StrEnum


class MailPurpose(StrEnum):
    """Why a message is sent."""

    SIGN_IN_LINK = "sign-in-link"
    INVITATION = "invitation"
