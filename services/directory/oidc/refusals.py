"""Why a sign-in at a provider does not work.

::

    Refused
    ├── NotFound: UnknownIssuer             the settings name no such provider               404
    ├── Unavailable: ProviderUnavailable    the provider does not answer, or wrongly         503
    └── SignInFailed                        no one is signed in                              401
        ├── AttemptLost                     not begun in this browser, too old, or repeated
        ├── ProviderDeclined                the provider, or the person there, refused
        └── TokenRefused                    the provider's answer does not prove who it is
"""

from services.chassis.refusals import NotFound, Refused, Unavailable, msg


class UnknownIssuer(NotFound):
    """The settings name no such provider."""

    slug = "unknown-issuer"
    message = msg("This way to sign in does not exist. Choose one from the list.")


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or its answer is wrong. `cause` is for the log."""

    slug = "provider-unavailable"
    message = msg("{provider} does not answer at the moment. You are not signed in. Try again in a few minutes.")

    def __init__(self, provider: str, cause: str) -> None:
        super().__init__(provider=provider)
        self.cause = cause


class SignInFailed(Refused):
    """No one is signed in. `cause` is for the log, and names neither the person nor a token."""

    slug = "sign-in-failed"
    status = 401
    message = msg("You are not signed in. Start again.")

    def __init__(self, cause: str) -> None:
        super().__init__()
        self.cause = cause


class AttemptLost(SignInFailed):
    """The sign-in was not begun in this browser, is too old, or was completed before."""

    slug = "sign-in-attempt-lost"
    message = msg("This sign-in took too long, or began in another browser. Start again here.")


class ProviderDeclined(SignInFailed):
    """The provider, or the person there, said no."""

    slug = "provider-declined"
    message = msg("Your organisation did not confirm the sign-in. Start again, or ask your IT support.")


class TokenRefused(SignInFailed):
    """The provider's answer does not prove who the person is."""

    slug = "id-token-refused"
    message = msg(
        "Your organisation’s answer could not be verified. Start again. If it happens again, tell IT support."
    )
