"""The settings of requests: who may forward them, how large, slow and frequent they may be, and who reads metrics."""

import ipaddress
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from services.chassis.runtime.settings.environment import FromEnvironment


def _rate(text: str) -> str:
    """A number of requests for a time, in the notation of the library `limits`."""
    if not re.fullmatch(r"[1-9][0-9]*/([1-9][0-9]* )?(second|minute|hour|day)s?", text):
        raise ValueError("Écrivez un nombre de demandes pour une durée, par exemple `600/minute` ou `300/10 minutes`.")
    return text


def _networks(value: Any) -> Any:
    """The addresses and networks of a list with commas."""
    if not isinstance(value, str):
        return value
    named = tuple(part for one in value.split(",") if (part := one.strip()))
    try:
        for one in named:
            ipaddress.ip_network(one)
    except ValueError:
        raise ValueError(
            "Nommez chaque proxy par son adresse IP ou son réseau. Exemples : `10.0.0.5`, `10.0.0.0/24`."
        ) from None
    return named


Rate = Annotated[str, AfterValidator(_rate)]


class HttpSettings(FromEnvironment):
    """What a process accepts over HTTP."""

    proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=("127.0.0.1", "::1"),
        description="Reverse proxies, by address or network, with commas. Only they may name the reader's address and "
        "scheme (`X-Forwarded-For`, `X-Forwarded-Proto`). Without them, all readers behind a proxy share one limit.",
    )
    body_limit: int = Field(
        default=65_536,
        ge=1024,
        description="Largest request body, in bytes; imports have their own. What a device sends after an hour without "
        "the network may be 16 times as large.",
    )
    import_limit: int = Field(
        default=268_435_456, ge=1024, description="Largest body of one import request, in bytes; it is streamed."
    )
    request_seconds: float = Field(
        default=20,
        gt=0,
        le=3600,
        description="How long the header of a request may take, and its body may make no progress, in seconds. Then "
        "the connection is closed.",
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65_535, description="Port of `/metrics`. Without it, the process shows no metrics."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that this port listens on.")
    limit_sign_in: Rate = Field(
        default="600/10 minutes",
        description="Most requests to sign in, or for a sign-in link, from one address. A centre or a region may share "
        "one.",
    )
    limit_link: Rate = Field(
        default="300/10 minutes", description="Most openings of personal links and tries of a PIN, from one address."
    )
    limit_ticket: Rate = Field(
        default="3000/10 minutes",
        description="Most openings of ticket pages from one address, which a waiting room shares; by process.",
    )
    limit_pin: Rate = Field(default="10/10 minutes", description="Most tries of a PIN for one personal link.")
    limit_search: Rate = Field(
        default="600/minute",
        description="Most searches for services or registered persons by one account, or from one address without "
        "sign-in; by process.",
    )
    limit_elsewhere: Rate = Field(
        default="30/10 minutes",
        description="Most searches for persons of other centres by one account, also those that find nobody.",
    )
    limit_check_in: Rate = Field(
        default="3000/minute", description="Most check-ins and openings of devices by one account or token; by process."
    )
    limit_code: Rate = Field(
        default="120/10 minutes",
        description="Most tries of the code of an appointment by one account, token or address; by process.",
    )
    limit_booking: Rate = Field(
        default="60/hour",
        description="Most times for a first interview that one address holds on the public pages; a library may share "
        "it.",
    )
    limit_request: Rate = Field(
        default="20/hour",
        description="Most forms with name and contact for a first interview from one address: fewer in any half hour "
        "than `CEFO_UNCONFIRMED_BOOKINGS`, so that one address does not block a centre.",
    )
    limit_confirmation: Rate = Field(
        default="3/hour", description="Most messages that ask one contact to confirm a booking on the public pages."
    )
    limit_calendar: Rate = Field(
        default="1200/10 minutes",
        description="Most readings of calendars by their secret addresses, from one address, which the programs of "
        "many people may share; by process.",
    )
    limit_import: Rate = Field(
        default="1200/minute", description="Most requests of imports by one account or token; by process."
    )
