"""The settings of who gets in: the keys, the addresses, the demo."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from services.chassis.runtime.settings.environment import FromEnvironment
from services.chassis.runtime.settings.secret_files import check_key, read_secret

IN_PUBLIC = "anyone may sign in as anyone"
"""What `CEFO_DEMO_IN_PUBLIC` has to say."""


class AccessSettings(FromEnvironment):
    """Who gets in, and from where."""

    secret_key: SecretStr | None = Field(
        default=None,
        description="Key that signs sessions and tokens, at least 32 bytes. Without it and `CEFO_SECRET_KEY_FILE`, one "
        "is created in `CEFO_DATA/secret.key`.",
    )
    secret_key_file: Path | None = Field(default=None, description="File with that key, instead of the key itself.")
    previous_secret_key_file: Path | None = Field(
        default=None,
        description="File with the key before: what it signed stays valid, and it signs nothing more; see "
        "[operations.md](operations.md).",
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 30, description="How long a sign-in is valid, in hours.")
    host: str = Field(default="127.0.0.1", description="Address that `cefo up` listens on.")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address of the platform for people. With https, cookies are `Secure`.",
    )
    demo: bool = Field(
        default=False,
        description="Demo data, and a sign-in page where anyone chooses a demo account. `cefo up --demo` sets it.",
    )
    demo_in_public: str | None = Field(
        default=None,
        pattern=f"^({IN_PUBLIC})$",
        description="Without this very value, the demo does not start where others reach it: `CEFO_HOST` beyond this "
        "machine, `CEFO_PUBLIC_URL` beyond it or with https.",
    )
    rehearsal_clock: Path | None = Field(
        default=None,
        description="With `CEFO_DEMO` only: a file with the seconds to add to the clock, to rehearse a path.",
    )

    @model_validator(mode="after")
    def _keys_can_be_used(self) -> Self:
        """Refuse a key that is missing from its file, or so short that it could be guessed."""
        if self.secret_key is not None and self.secret_key_file is not None:
            raise ValueError("CEFO_SECRET_KEY et CEFO_SECRET_KEY_FILE disent la même chose. Gardez l’un des deux.")
        self.configured_keys()
        return self

    @model_validator(mode="after")
    def _the_demo_stays_here(self) -> Self:
        """Refuse a demo that others can reach: its sign-in asks for nothing."""
        if self.rehearsal_clock is not None and not self.demo:
            raise ValueError("CEFO_REHEARSAL_CLOCK change l’heure de toute la plateforme. Ajoutez CEFO_DEMO=true.")
        if not self.demo or self.demo_in_public:
            return self
        url = urlsplit(self.public_url)
        for variable, public in (
            ("CEFO_HOST", not on_loopback(self.host)),
            ("CEFO_PUBLIC_URL", url.scheme == "https" or not on_loopback(url.hostname or "")),
        ):
            if public:
                raise ValueError(
                    f"Avec {variable}, d’autres personnes atteignent la démonstration. Chacune peut y prendre tous les "
                    f"rôles. Retirez CEFO_DEMO ou `--demo`, ou mettez `CEFO_DEMO_IN_PUBLIC={IN_PUBLIC}`."
                )
        return self

    def configured_keys(self) -> tuple[str | None, str | None]:
        """The configured key, and the one before it; None where there is none. Raises `UnusableSecret`."""
        previous = self.previous_secret_key_file
        return self._configured_key(), _key_in(previous, "CEFO_PREVIOUS_SECRET_KEY_FILE") if previous else None

    def _configured_key(self) -> str | None:
        if self.secret_key is not None:
            return check_key(self.secret_key.get_secret_value(), "CEFO_SECRET_KEY")
        return _key_in(self.secret_key_file, "CEFO_SECRET_KEY_FILE") if self.secret_key_file is not None else None

    @property
    def secure(self) -> bool:
        """Whether people reach the platform over https."""
        return self.public_url.startswith("https://")


def on_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _key_in(path: Path, variable: str) -> str:
    return check_key(read_secret(path, variable), variable)
