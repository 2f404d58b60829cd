"""Hands claimed messages over, each to the transport of its channel; one that is away keeps back no other."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from services.chassis.mail.errors import NothingToSend, ServerAway, TryLater
from services.chassis.mail.messages import Channel, Letter, MailRow, Outgoing
from services.chassis.mail.transports import Send, Transport, Transports


class Handover:
    """The sessions of some messages: one of each transport, opened when its first message is there."""

    def __init__(self, transports: Transports, paused: Mapping[Channel, ServerAway]) -> None:
        self._transports = transports
        self._paused = paused
        self._open: dict[Transport, Send] = {}
        self._stack = AsyncExitStack()
        self.away: dict[Channel, ServerAway] = {}
        """The channels whose transport was asked and takes no message now."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def send(self, row: MailRow, message: Outgoing) -> None:
        """Hand one message over. Raises `DeliveryError`; of a transport that is away, without asking it again."""
        channel = Channel.MAIL if isinstance(message, Letter) else Channel.SMS
        transport = self._transports.of(message)
        if transport is None:
            raise TryLater("no-mail-server") if channel is Channel.MAIL else NothingToSend("no-sms-gateway")
        if (away := self.away.get(channel) or self._paused.get(channel)) is not None:
            raise ServerAway(away.code, away.pause)
        try:
            send = self._open.get(transport) or await self._opened(transport)
            await send(row, message)
        except ServerAway as gone:
            self.away[channel] = gone
            raise

    async def _opened(self, transport: Transport) -> Send:
        self._open[transport] = await self._stack.enter_async_context(transport.session())
        return self._open[transport]
