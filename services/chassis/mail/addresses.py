"""E-mail addresses: their check, and the one form in which they are stored and compared."""

from email.headerregistry import Address

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from services.chassis.refusals import Invalid, msg


class WrongEmail(Invalid):
    """The text is not an e-mail address to which every mail server can deliver."""

    slug = "wrong-email"
    message = msg("This is not an e-mail address. Check it, for example: name@example.org.")
    field_name = "email"


def check_address(text: str, field: str | None = None) -> str:
    """The address in lower case, its domain in ASCII. Does not ask the network. Raises `WrongEmail` about the field."""
    try:
        return _ascii(_validated(text.strip())).lower()
    except EmailNotValidError as error:
        raise WrongEmail(field) from error


def sender_address(text: str) -> Address:
    """The sender of every message: `name@domain` or `Words <name@domain>`. Raises `ValueError`."""
    validated = _validated(text, allow_display_name=True)
    return Address(display_name=validated.display_name or "", addr_spec=_ascii(validated))


def _validated(text: str, *, allow_display_name: bool = False) -> ValidatedEmail:
    # A local part that is not ASCII needs SMTPUTF8 on every server on the way.
    return validate_email(
        text, check_deliverability=False, strict=True, allow_smtputf8=False, allow_display_name=allow_display_name
    )


def _ascii(validated: ValidatedEmail) -> str:
    assert validated.ascii_email is not None  # without SMTPUTF8 there is one
    return validated.ascii_email
