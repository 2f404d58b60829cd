"""Hands text messages to an SMS gateway over HTTP, as the settings describe it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial
from ssl import SSLContext
from typing import Any, cast

import httpx2

from services.chassis.mail.errors import DeliveryError, RefusedForGood, ServerAway, TryLater
from services.chassis.mail.messages import MailRow, TextMessage
from services.chassis.runtime.clock import system_clock
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.settings.secret_files import read_secret
from services.chassis.runtime.settings.sms import NOT_OF_A_NUMBER

LONGEST_WISH = timedelta(days=1)
"""The longest pause that a gateway may ask for."""
_CHANNEL = NOT_OF_A_NUMBER | {503}
"""After these every other message would be refused too."""
MOST_READ = 10_000
"""Bytes of an answer in which its text is looked for."""


@cache
def _tls() -> SSLContext:
    """The certificates that are trusted (`SSL_CERT_FILE`, else the usual ones), read once: it takes 0.1 s."""
    return httpx2.create_ssl_context()


class SmsGateway:
    """Hands text messages to the gateway of the settings. Follows no redirect.

    Of an answer it reads the status, and the body only where the settings say what stands there of a number.
    """

    def __init__(self, settings: Settings) -> None:
        assert settings.sms_url is not None
        self._settings = settings
        self._url = settings.sms_url

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Callable[[MailRow, TextMessage], Awaitable[None]]]:
        """A session. Raises `ServerAway` if the gateway's secret cannot be read."""
        try:
            headers = self._headers()
        except ValueError as error:
            raise ServerAway("no-secret") from error
        verify = _tls() if self._url.startswith("https:") else False
        timeout = self._settings.sms_timeout_seconds
        async with httpx2.AsyncClient(verify=verify, timeout=timeout, headers=headers) as client:
            yield partial(self._send, client)

    async def _send(self, client: httpx2.AsyncClient, row: MailRow, message: TextMessage) -> None:
        content, kind = body_of(self._settings, row, message)
        headers = {"Content-Type": kind, self._settings.sms_id_header: str(row.id)}
        try:
            async with (
                asyncio.timeout(self._settings.sms_timeout_seconds),
                client.stream("POST", self._url, content=content, headers=headers, follow_redirects=False) as answer,
            ):
                status, after = answer.status_code, answer.headers.get("Retry-After")
                of_number = await self._is_of_number(answer)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ServerAway("timeout") from error
        except httpx2.HTTPError as error:
            raise ServerAway("no-connection") from error
        if of_number:
            raise RefusedForGood(str(status), address=True)
        if status not in self._settings.sms_accepted_statuses:
            raise refusal(status, after, system_clock())

    async def _is_of_number(self, answer: httpx2.Response) -> bool:
        """Whether the settings say that this answer means that nothing reaches the number."""
        texts = [text for status, text in self._settings.sms_number_refusals if status == answer.status_code]
        if not any(texts):
            return bool(texts)
        read = b""
        async for part in answer.aiter_bytes():
            read += part
            if len(read) >= MOST_READ:
                break
        answered = read[:MOST_READ].decode(errors="replace")
        return any(text in answered for text in texts)

    def _headers(self) -> dict[str, str]:
        """What every request has. The secret is read for each session, so that it can be changed without a restart."""
        headers = {"User-Agent": "cefo", "Accept": "application/json"}
        if self._settings.sms_token_file is not None:
            token = read_secret(self._settings.sms_token_file, "CEFO_SMS_TOKEN_FILE")
            headers[self._settings.sms_token_header] = f"{self._settings.sms_token_scheme} {token}".strip()
        return headers


def body_of(settings: Settings, row: MailRow, message: TextMessage) -> tuple[bytes, str]:
    """What is sent, and its media type: the fields of the settings with their placeholders replaced."""
    values = {
        "{to}": message.recipient,
        "{digits}": message.recipient.removeprefix("+"),
        "{text}": message.text,
        "{sender}": settings.sms_from or "",
        "{id}": str(row.id),
    }
    fields = _filled(json.loads(settings.sms_body), values)
    if settings.sms_format == "form":
        return str(httpx2.QueryParams(fields)).encode(), "application/x-www-form-urlencoded"
    return json.dumps(fields, ensure_ascii=False).encode(), "application/json"


def _filled(part: Any, values: dict[str, str]) -> Any:
    match part:
        case str():
            return values.get(part, part)
        case list():
            return [_filled(one, values) for one in cast("list[Any]", part)]
        case dict():
            return {name: _filled(one, values) for name, one in cast("dict[str, Any]", part).items()}
        case _:
            return part


def refusal(status: int, retry_after: str | None, now: datetime) -> DeliveryError:
    """What an answer means that takes no message, and says nothing about the number.

    `retry_after`: its header (RFC 9110, 10.2.3), which is about the gateway and not about one message.
    """
    code, pause = str(status), pause_of(retry_after, now)
    if pause or status in _CHANNEL or status < 400:
        return ServerAway(code, pause)
    return TryLater(code)


def pause_of(retry_after: str | None, now: datetime) -> timedelta:
    """How long the gateway asks to be left alone (seconds, or until a date): at most a day, none if unreadable."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WISH)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), LONGEST_WISH)
