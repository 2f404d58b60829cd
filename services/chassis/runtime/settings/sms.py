"""The settings of the gateway that sends text messages."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from services.chassis.runtime.settings.connections import LOOPBACK
from services.chassis.runtime.settings.environment import FromEnvironment
from services.chassis.runtime.settings.secret_files import read_secret

NOT_OF_A_NUMBER = frozenset({401, 402, 403, 404, 405, 406, 407, 408, 411, 415, 425, 429})
"""Refusals of the request, its address, token, account or pace: every message would have them, whatever its number."""


class SmsSettings(FromEnvironment):
    """How the SMS gateway is asked. One request a message: `POST`, without following redirects."""

    sms_url: str | None = Field(
        default=None,
        description="Address of an SMS gateway, to which each text message is sent with `POST`; https, or http on this "
        "machine. Without it no text message is sent; the demo writes them to `CEFO_DATA/mail`.",
    )
    sms_format: str = Field(
        default="json", pattern="^(json|form)$", description="Whether `CEFO_SMS_BODY` is sent as JSON or as a form."
    )
    sms_body: str = Field(
        default='{"to": "{to}", "from": "{sender}", "text": "{text}"}',
        description="The fields of a request, as a JSON object. A value of `{to}` becomes the number (`+32470…`), "
        "`{digits}` the same without `+`, `{text}` the text, `{sender}` `CEFO_SMS_FROM`, `{id}` the message's id. "
        "Other values are sent as they are.",
    )
    sms_from: str | None = Field(
        default=None,
        description="Sender that the telephone shows, if the gateway asks for one: up to 11 letters and digits, or a "
        "number.",
    )
    sms_token_file: Path | None = Field(
        default=None, description="File with the gateway's token; read for each connection."
    )
    sms_token_header: str = Field(default="Authorization", description="Header in which the token is sent.")
    sms_token_scheme: str = Field(
        default="Bearer", description="Word before the token in that header; empty: the token alone."
    )
    sms_id_header: str = Field(
        default="Idempotency-Key",
        description="Header with the message's id, the same in every attempt: the gateway can drop repeats by it.",
    )
    sms_accepted: str = Field(
        default="200,201,202,204",
        description="Statuses with which the gateway takes a message over, with commas.",
    )
    sms_number_refused: str = Field(
        default="",
        description="Answers with which the gateway says that nothing reaches the number, with commas: a status, or a "
        "status and a text that its body has (`422,400:INVALID_RECIPIENT`). The person then gets no message until "
        "their contact is saved again. Empty: no answer says so, and each message is tried again.",
    )
    sms_timeout_seconds: float = Field(
        default=10, gt=0, le=60, description="How long the gateway may take to answer, in seconds."
    )

    @model_validator(mode="after")
    def _sms_can_leave(self) -> Self:
        """Refuse a gateway that is asked in plain text, or with fields that it cannot use."""
        _check_headers(self.sms_token_header, self.sms_id_header, self.sms_token_scheme)
        if not re.fullmatch(r"[1-5]\d\d(,[1-5]\d\d)*", self.sms_accepted):
            raise ValueError("CEFO_SMS_ACCEPTED n’est pas une liste de statuts HTTP. Mettez par exemple 200,202.")
        _check_refusals(self.sms_number_refused, self.sms_accepted_statuses)
        if self.sms_from is not None and not re.fullmatch(r"\+?\d{3,15}|[A-Za-z0-9 ]{1,11}", self.sms_from):
            raise ValueError("CEFO_SMS_FROM n’est ni un numéro ni un nom de 11 lettres et chiffres au plus.")
        _check_fields(self.sms_body, self.sms_format)
        if self.sms_url is not None:
            _check_url(self.sms_url)
        if self.sms_token_file is not None:
            read_secret(self.sms_token_file, "CEFO_SMS_TOKEN_FILE")
        return self

    @property
    def sms_accepted_statuses(self) -> frozenset[int]:
        """The statuses with which the gateway takes a message over."""
        return frozenset(map(int, self.sms_accepted.split(",")))

    @property
    def sms_number_refusals(self) -> Sequence[tuple[int, str]]:
        """The answers that are about the number: a status, and a text of its body, or none."""
        parts = (one.partition(":") for one in self.sms_number_refused.split(",") if one)
        return [(int(status), text) for status, _, text in parts]


def _check_refusals(refused: str, accepted: Collection[int]) -> None:
    """Each is a status of 4xx, with a text where the status alone is about the request, its token or its pace."""
    for one in refused.split(",") if refused else ():
        status, _, text = one.partition(":")
        if not re.fullmatch(r"4\d\d(:[^:,]{1,60})?", one):
            raise ValueError(
                "CEFO_SMS_NUMBER_REFUSED n’est pas une liste de réponses. Mettez par exemple 422,400:inconnu."
            )
        if int(status) in accepted or (int(status) in NOT_OF_A_NUMBER and not text):
            raise ValueError(
                f"CEFO_SMS_NUMBER_REFUSED contient le statut {status} seul, qui ne dit rien d’un numéro. "
                f"Ajoutez un texte de la réponse, par exemple {status}:inconnu."
            )


def _check_url(address: str) -> None:
    """The address is https, or http on loopback, and holds no secret. Its text is not repeated: it may hold one."""
    try:
        url = urlsplit(address)
        usable = bool(url.hostname) and url.port != 0 and not url.fragment
    except ValueError:
        usable, url = False, urlsplit("")
    if not usable or url.scheme not in ("https", "http"):
        raise ValueError(
            "CEFO_SMS_URL n’est pas une adresse https. Mettez par exemple https://sms.exemple.be/messages."
        )
    if url.username or url.password:
        raise ValueError("CEFO_SMS_URL contient un mot de passe. Mettez-le dans le fichier de CEFO_SMS_TOKEN_FILE.")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        raise ValueError("Avec CEFO_SMS_URL, des numéros passeraient en clair sur le réseau. Mettez une adresse https.")


def _check_fields(body: str, format: str) -> None:
    try:
        fields: Any = json.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ValueError("CEFO_SMS_BODY n’est pas un objet JSON. Vérifiez les accolades et les guillemets.")
    values = [str(one) for one in _leaves(fields)]
    if "{text}" not in values or not {"{to}", "{digits}"} & set(values):
        raise ValueError("CEFO_SMS_BODY n’a pas de champ `{text}`, ou pas de champ `{to}` ou `{digits}`. Ajoutez-le.")
    flat = cast("dict[str, Any]", fields).values()
    if format == "form" and any(isinstance(one, dict | list) for one in flat):
        raise ValueError("Avec CEFO_SMS_FORMAT=form, CEFO_SMS_BODY n’a qu’un niveau. Retirez les listes et objets.")


def _leaves(part: Any) -> list[Any]:
    match part:
        case dict():
            return [leaf for one in cast("dict[str, Any]", part).values() for leaf in _leaves(one)]
        case list():
            return [leaf for one in cast("list[Any]", part) for leaf in _leaves(one)]
        case _:
            return [part]


def _check_headers(token: str, id: str, scheme: str) -> None:
    for variable, name in (("CEFO_SMS_TOKEN_HEADER", token), ("CEFO_SMS_ID_HEADER", id)):
        if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", name):
            raise ValueError(f"{variable} n’est pas un nom d’en-tête HTTP. Mettez par exemple Authorization.")
    if not re.fullmatch(r"[A-Za-z0-9-]{0,40}", scheme):
        raise ValueError("CEFO_SMS_TOKEN_SCHEME n’est pas un mot. Mettez Bearer, ou laissez-le vide.")
