"""The settings of the servers that a process connects to: store, Redis; Kafka has its own module."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, parse_qs, quote, urlencode, urlsplit

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from services.chassis.runtime.settings.environment import FromEnvironment
from services.chassis.runtime.settings.secret_files import read_secret
from services.chassis.runtime.tls import tls_context

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts on which nothing leaves the machine."""

Server = Literal["kafka", "postgresql", "redis"]


def names(value: Any) -> Any:
    """The names of a list with commas."""
    return [name for part in value.split(",") if (name := part.strip())] if isinstance(value, str) else value


class Connections(FromEnvironment):
    """Where data is kept, and how other servers are reached."""

    data: Path = Field(default=Path("data"), description="Folder of the embedded stores and of the generated secret.")
    erased_file: Path | None = Field(
        default=None,
        description="File with the references of erased persons, read at the start so that a restored backup brings "
        "nobody back. Outside the backups; by default `erased-persons.txt` in a folder beside that of the data, "
        "`CEFO_DATA-never-restore`.",
    )
    backup_days: int = Field(
        default=0,
        ge=0,
        description="Age at which a backup is deleted, in days. The references of persons who were erased earlier are "
        "removed. 0: backups are kept without limit, and so are the references. With `CEFO_OUTBOX_DAYS` or "
        "`CEFO_TOPIC_DAYS`: less than these, and not 0, because an older backup would miss what ended since.",
    )
    store: str = Field(
        default="sqlite",
        description="`sqlite` (files under `CEFO_DATA`) or `postgresql://user:password@host:port`; each service has "
        "its own database, `cefo_<service>`. With `?sslmode=verify-full`, over TLS.",
    )
    store_password_file: Path | None = Field(
        default=None, description="File with the password of the account in `CEFO_STORE`, instead of in the address."
    )
    store_ca_file: Path | None = Field(
        default=None,
        description="Certificate authorities of PostgreSQL, in PEM; by default those of the machine. With it, "
        "connections use TLS: certificate and host name are verified.",
    )
    store_certificate_file: Path | None = Field(
        default=None, description="Certificate that this process shows to PostgreSQL, in PEM, if it asks for one."
    )
    store_key_file: Path | None = Field(default=None, description="Private key of that certificate, in PEM.")
    redis: str = Field(
        default="redis://127.0.0.1:6379/0",
        description="Redis, for hints about changes and for rate limits; its data may be lost. `rediss://…`: over TLS.",
    )
    redis_password_file: Path | None = Field(
        default=None, description="File with the password of Redis, instead of in the address."
    )
    redis_ca_file: Path | None = Field(
        default=None,
        description="Certificate authorities of Redis, in PEM, beside those of the machine. Certificate and host name "
        "are verified.",
    )
    redis_certificate_file: Path | None = Field(
        default=None, description="Certificate that this process shows to Redis, in PEM, if it asks for one."
    )
    redis_key_file: Path | None = Field(default=None, description="Private key of that certificate, in PEM.")
    plaintext: Annotated[tuple[Server, ...], NoDecode, BeforeValidator(names)] = Field(
        default=(),
        description="Servers on other machines that may be reached without encryption: `kafka`, `postgresql`, `redis`, "
        "with commas. Without it, plain text that leaves the machine stops the start.",
    )

    def refuse_plaintext(self, server: Server, variable: str, remedy: str) -> None:
        """Refuse a connection without encryption to another machine, unless it was accepted by name."""
        if server not in self.plaintext:
            raise ValueError(
                f"Avec {variable}, les données passeraient en clair sur le réseau. {remedy} "
                f"Pour l’accepter sur un réseau protégé, mettez CEFO_PLAINTEXT={server}."
            )

    @model_validator(mode="after")
    def _store_is_reached_safely(self) -> Self:
        if self.store == "sqlite":
            return self
        url, options = self._store_address()
        if self.store_password_file is not None:
            self._store_server(url)
        if self.store_tls:
            check_files("CEFO_STORE", self.store_ca_file, self.store_certificate_file, self.store_key_file)
        elif self.store_certificate_file or self.store_key_file:
            raise ValueError(
                "Avec CEFO_STORE_CERTIFICATE_FILE, il faut TLS. Ajoutez `?sslmode=verify-full` à CEFO_STORE."
            )
        elif url.hostname and url.hostname not in LOOPBACK:
            remedy = "Mettez CEFO_STORE_CA_FILE, ou ajoutez `?sslmode=verify-full`."
            self.refuse_plaintext("postgresql", "CEFO_STORE", remedy)
        if self.store_ca_file and options.get("sslmode") == "disable":
            raise ValueError("CEFO_STORE_CA_FILE demande TLS, `sslmode=disable` l’interdit. Retirez l’un des deux.")
        return self

    def _store_address(self) -> tuple[SplitResult, dict[str, str]]:
        """The parts of PostgreSQL's address, and its parameters. Its text may hold a password: no error repeats it."""
        url, options = _parsed(self.store)
        # A host among the parameters takes the place of the one before it: it may only be a socket's folder.
        if url.scheme != "postgresql" or not (url.hostname or "host" in options) or not _is_socket(options):
            raise ValueError(
                "CEFO_STORE n’est ni sqlite ni une adresse `postgresql://utilisateur@serveur:port`. "
                "Dans un mot de passe, écrivez les caractères spéciaux en code, comme `%2F`."
            )
        if url.path.strip("/"):
            raise ValueError(
                "CEFO_STORE ne nomme pas de base de données : chaque service a la sienne. Retirez ce qui suit le port."
            )
        if options.keys() - {"sslmode", "host"} or options.get("sslmode", "disable") not in ("disable", "verify-full"):
            raise ValueError(
                "CEFO_STORE n’accepte que deux options : `sslmode=verify-full` et `sslmode=disable`. "
                "Mettez `?sslmode=verify-full`."
            )
        return url, options

    def _store_server(self, url: SplitResult) -> str:
        """Account, password, host and port. Raises `UnusableSecret` and `ValueError`."""
        if self.store_password_file is None:
            return url.netloc
        if not url.username or url.password is not None:
            raise ValueError(
                "Avec CEFO_STORE_PASSWORD_FILE, CEFO_STORE nomme le compte sans mot de passe. "
                "Mettez `postgresql://utilisateur@serveur:port`."
            )
        account, _, server = url.netloc.rpartition("@")
        password = read_secret(self.store_password_file, "CEFO_STORE_PASSWORD_FILE")
        return f"{account}:{quote(password, safe='')}@{server}"

    @model_validator(mode="after")
    def _redis_is_reached_safely(self) -> Self:
        url, options = _parsed(self.redis)
        if url.scheme not in ("redis", "rediss", "unix") or "host" in options:
            raise ValueError("CEFO_REDIS n’est pas une adresse `redis://` ou `rediss://`. Vérifiez-la.")
        if self.redis_password_file is not None and url.password is not None:
            raise ValueError("CEFO_REDIS contient déjà un mot de passe. Retirez-le, ou CEFO_REDIS_PASSWORD_FILE.")
        self.redis_options()
        if "ssl_" in url.query:
            raise ValueError("Le certificat de Redis est toujours vérifié. Retirez les options ssl_… de CEFO_REDIS.")
        if url.scheme == "rediss":
            check_files("CEFO_REDIS", self.redis_ca_file, self.redis_certificate_file, self.redis_key_file)
        elif self.redis_ca_file or self.redis_certificate_file or self.redis_key_file:
            raise ValueError("Avec un certificat, il faut TLS. Commencez CEFO_REDIS par `rediss://`.")
        elif url.scheme == "redis" and url.hostname not in (*LOOPBACK, None):
            self.refuse_plaintext("redis", "CEFO_REDIS", "Commencez l’adresse par `rediss://`.")
        return self

    @property
    def store_tls(self) -> bool:
        """Whether connections to PostgreSQL use TLS."""
        asked = self.store != "sqlite" and self._store_address()[1].get("sslmode") == "verify-full"
        return asked or self.store_ca_file is not None

    @property
    def erased_list(self) -> Path:
        """The file with the references of erased persons. By default beside the data, whose backups then lack it."""
        data = self.data.absolute()
        return self.erased_file or data.parent / f"{data.name}-never-restore" / "erased-persons.txt"

    @property
    def earlier_erased_list(self) -> Path:
        """Where earlier versions had that file by default. It is read, and not written."""
        return self.data.absolute() / "never-restore" / "erased-persons.txt"

    @property
    def erased_list_is_in_data(self) -> bool:
        """Whether a backup of the data folder has that file, so that its restore replaces it."""
        return self.erased_list.resolve().is_relative_to(self.data.resolve())

    def store_url(self, service: str) -> str:
        """The SQLAlchemy URL of one service's own database; TLS stands in libpq's parameters."""
        if self.store == "sqlite":
            return f"sqlite+aiosqlite:///{self.data.absolute() / 'stores' / f'{service}.db'}"
        url, options = self._store_address()
        files = {
            "sslrootcert": self.store_ca_file,
            "sslcert": self.store_certificate_file,
            "sslkey": self.store_key_file,
        }
        if self.store_tls:
            options |= {"sslmode": "verify-full"} | {name: str(path) for name, path in files.items() if path}
        query = f"?{urlencode(options)}" if options else ""
        return f"postgresql+asyncpg://{self._store_server(url)}/cefo_{service}{query}"

    def redis_options(self) -> dict[str, Any]:
        """What a client of Redis needs beside its address. Raises `UnusableSecret`."""
        files = {
            "ssl_ca_certs": self.redis_ca_file,
            "ssl_certfile": self.redis_certificate_file,
            "ssl_keyfile": self.redis_key_file,
        }
        options = {name: str(path) for name, path in files.items() if path is not None}
        if self.redis_password_file is not None:
            options["password"] = read_secret(self.redis_password_file, "CEFO_REDIS_PASSWORD_FILE")
        return options


def _is_socket(options: dict[str, str]) -> bool:
    """Whether the host among the parameters, if there is one, is a socket on this machine."""
    return options.get("host", "/").startswith("/")


def _parsed(address: str) -> tuple[SplitResult, dict[str, str]]:
    """The parts of an address, and its parameters; an empty address for one that cannot be read."""
    try:
        url = urlsplit(address)
        options = {name: values[-1] for name, values in parse_qs(url.query, strict_parsing=bool(url.query)).items()}
        readable = url.port != 0 and not url.fragment
    except ValueError:
        return urlsplit(""), {}
    return (url, options) if readable else (urlsplit(""), {})


def check_files(prefix: str, ca: Path | None, certificate: Path | None, key: Path | None) -> None:
    """Refuse files that are no certificates in PEM, or no pair of certificate and key."""
    authority, own, secret = (f"{prefix}_{part}_FILE" for part in ("CA", "CERTIFICATE", "KEY"))
    if (certificate is None) != (key is None):
        raise ValueError(f"{own} et {secret} vont ensemble. Mettez les deux, ou aucun.")
    try:
        tls_context(ca)
    except OSError:
        raise ValueError(
            f"Aucun certificat PEM ne peut être lu dans {authority}. Vérifiez le chemin et les droits."
        ) from None
    try:
        tls_context(None, certificate, key)
    except OSError:
        raise ValueError(
            f"{own} et {secret} ne forment pas une paire lisible en PEM. Vérifiez les chemins et les droits."
        ) from None
