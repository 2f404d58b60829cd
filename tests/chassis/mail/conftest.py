"""A mail server, an SMS gateway, and what a test needs to queue and read messages."""

from collections.abc import AsyncGenerator

import pytest

from tests.chassis.mail.gateway import Gateway, sms_gateway
from tests.chassis.mail.mail_server import MailServer, mail_server


@pytest.fixture
async def server() -> AsyncGenerator[MailServer]:
    async with mail_server() as started:
        yield started


@pytest.fixture
async def gateway() -> AsyncGenerator[Gateway]:
    async with sms_gateway() as started:
        yield started
