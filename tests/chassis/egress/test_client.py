"""The guarded client against a real server with TLS, and against names that change what they stand for."""

import asyncio
import gzip
import socket
import ssl
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.chassis.egress.addresses import EgressRefused, Refusal
from services.chassis.egress.client import GuardedClient, Limits, resolve

NAME = "calendar.example.org"
HERE = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n"


@dataclass
class Server:
    """Answers every request with these bytes, and notes what it was asked."""

    port: int
    certificate: Path
    answers: list[bytes]
    pause: float = 0.0
    asked: list[bytes] = field(default_factory=list[bytes])

    def client(self, *found: str, limits: Limits | None = None) -> GuardedClient:
        """A client for which the name stands for these addresses, once; after that for another one."""
        return GuardedClient(
            ports=(443, self.port),
            limits=limits or Limits(seconds=5, body=10_000),
            resolver=_once(found or (HERE,)),
            context=ssl.create_default_context(cafile=str(self.certificate)),
            trusted=(HERE,),
        )

    @property
    def address(self) -> str:
        """Of the calendar."""
        return f"https://{NAME}:{self.port}/a.ics?key=1"


def _once(found: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A name that stands for other addresses when it is asked for again."""
    answers = iter([found])

    async def resolver(host: str, _port: int) -> Sequence[str]:
        assert host == NAME
        return next(answers, ("169.254.169.254",))

    return resolver


def certified(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this name that signs itself, and the server's side of TLS with it."""
    key, chain = folder / "server.key", folder / "server.pem"
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    subprocess.run((*made, *subject, "-keyout", str(key), "-out", str(chain)), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return chain, context


@asynccontextmanager
async def serving(folder: Path, *answers: bytes, pause: float = 0.0, name: str = NAME) -> AsyncGenerator[Server]:
    chain, context = certified(folder, name)
    server = Server(0, chain, list(answers), pause)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server.asked.append(await reader.readuntil(b"\r\n\r\n"))
            for part in server.answers:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(server.pause)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(handle, HERE, 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


@contextmanager
def _swallowing(address: str, port: int) -> Generator[None]:
    """An address that neither takes nor refuses a connection."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address, port))
        yield


async def why(client: GuardedClient, address: str) -> str:
    with pytest.raises(EgressRefused) as refused:
        await client.get(address)
    return str(refused.value)


async def test_it_connects_to_the_address_that_was_checked_under_its_name(tmp_path: Path) -> None:
    async with serving(tmp_path, OK + b'ETag: "1"\r\nContent-Length: 5\r\n\r\nhello') as server:
        client = server.client()
        answer = await client.get(server.address, {"If-None-Match": '"0"'})
        assert (answer.body, answer.headers["etag"]) == (b"hello", '"1"')
        [asked] = server.asked
        assert asked.startswith(b"GET /a.ics?key=1 HTTP/1.1\r\n")
        assert f"host: {NAME}:{server.port}".encode() in asked.lower()
        assert b'if-none-match: "0"' in asked.lower()
        assert await why(client, server.address) == "not-public", "the name stands for another address now"
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "found",
    [
        ("169.254.169.254",),
        ("::ffff:127.0.0.1",),
        ("64:ff9b::7f00:1",),
        ("10.0.0.1",),
        ("::1",),
        ("8.8.8.8", "127.0.0.2"),
        ("2606:4700::1", "fe80::1"),
        (HERE, "169.254.169.254"),
    ],
)
async def test_one_address_that_is_not_public_is_one_too_many(tmp_path: Path, found: tuple[str, ...]) -> None:
    async with serving(tmp_path, OK + b"\r\n") as server:
        assert await why(server.client(*found), server.address) == "not-public"
        assert server.asked == []


async def test_names_of_this_machine_are_refused_as_it_resolves_them() -> None:
    assert "127.0.0.1" in await resolve("localhost", 443)

    async def as_localhost(_host: str, port: int) -> Sequence[str]:
        return await resolve("localhost", port)

    assert await why(GuardedClient(resolver=as_localhost), f"https://{NAME}/") == "not-public"


async def test_a_name_that_nobody_knows() -> None:
    async def nobody(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert await why(GuardedClient(resolver=nobody), f"https://{NAME}/") == "no-such-host"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    moved = f"HTTP/1.1 {status} Moved\r\nLocation: https://{NAME}/b.ics\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(tmp_path, moved) as server:
        assert await why(server.client(), server.address) == f"redirected {status}"
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [204, 206, 401, 403, 404, 410, 500, 503])
async def test_another_status_is_no_calendar(tmp_path: Path, status: int) -> None:
    async with serving(tmp_path, f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        assert await why(server.client(), server.address) == f"status {status}"


async def test_not_modified_has_no_body(tmp_path: Path) -> None:
    async with serving(tmp_path, b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n') as server:
        assert (await server.client().get(server.address)).body is None


async def test_an_endless_body_ends_at_the_limit(tmp_path: Path) -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    async with serving(tmp_path, OK + b"Transfer-Encoding: chunked\r\n\r\n", *([chunk] * 10_000)) as server:
        assert await why(server.client(), server.address) == "too-large"


async def test_a_body_may_be_as_long_as_agreed(tmp_path: Path) -> None:
    async with serving(tmp_path, OK + b"Content-Length: 10000\r\n\r\n" + b"x" * 10_000) as server:
        assert len((await server.client().get(server.address)).body or b"") == 10_000


async def test_a_slow_body_ends_in_time(tmp_path: Path) -> None:
    """Each byte comes long before a pause between two bytes would be too long."""
    drops = [b"1\r\nx\r\n"] * 1000
    async with serving(tmp_path, OK + b"Transfer-Encoding: chunked\r\n\r\n", *drops, pause=0.05) as server:
        limits = Limits(seconds=0.5, body=10_000)
        assert await why(server.client(limits=limits), server.address) == "timeout"


async def test_a_server_that_never_answers_ends_in_time(tmp_path: Path) -> None:
    async with serving(tmp_path, b"", pause=30) as server:
        limits = Limits(seconds=0.3, body=10_000)
        assert await why(server.client(limits=limits), server.address) == "timeout"


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, gzip", "zstd"])
async def test_nothing_is_decompressed(tmp_path: Path, coding: str) -> None:
    """A bomb stays as small as it was sent; and it was not asked for."""
    bomb = gzip.compress(b"0" * 5_000_000)
    answer = OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    async with serving(tmp_path, answer) as server:
        assert await why(server.client(), server.address) == "compressed"
        assert b"accept-encoding: identity" in server.asked[0].lower()


async def test_the_certificate_is_that_of_the_name(tmp_path: Path) -> None:
    async with serving(tmp_path, OK + b"\r\n", name="other.example.org") as server:
        assert await why(server.client(), server.address) == "no-connection"
        assert server.asked == []


async def test_what_is_no_http_is_no_answer(tmp_path: Path) -> None:
    async with serving(tmp_path, b"+OK mail server ready\r\n") as server:
        assert await why(server.client(), server.address) == "no-connection"


@pytest.mark.parametrize("etag", ['"\xe9"'.encode("latin-1"), '"é"'.encode()])
async def test_what_a_server_gave_as_its_version_goes_back_as_it_came(tmp_path: Path, etag: bytes) -> None:
    async with serving(tmp_path, OK + b"ETag: " + etag + b"\r\nContent-Length: 2\r\n\r\nhi") as server:
        answer = await server.client().get(server.address)
        again = await server.client().get(server.address, {"If-None-Match": answer.headers["etag"]})
        assert again.body == b"hi"
        assert b"if-none-match: " + etag + b"\r\n" in server.asked[1].replace(b"If-None-Match", b"if-none-match")


@pytest.mark.parametrize("value", ["€", "a\r\nHost: other.example.org"])
async def test_what_cannot_be_sent_is_refused(tmp_path: Path, value: str) -> None:
    async with serving(tmp_path, OK + b"Content-Length: 2\r\n\r\nhi") as server:
        with pytest.raises(EgressRefused, match="no-connection"):
            await server.client().get(server.address, {"If-None-Match": value})
        assert server.asked == []


async def test_the_environments_proxy_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(tmp_path, OK + b"Content-Length: 5\r\n\r\nhello") as server:
        assert (await server.client().get(server.address)).body == b"hello"


async def test_the_next_address_is_taken_where_the_first_takes_no_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, OK + b"Content-Length: 2\r\n\r\nhi") as server:
        client = server.client("127.0.0.2", HERE)
        client._trusted = frozenset({"127.0.0.2", HERE})  # pyright: ignore[reportPrivateUsage]
        assert (await client.get(server.address)).body == b"hi"


async def test_the_next_address_is_taken_where_the_first_never_answers(tmp_path: Path) -> None:
    """A full backlog swallows what asks for a connection, as a firewall does."""
    async with serving(tmp_path, OK + b"Content-Length: 2\r\n\r\nhi") as server:
        with _swallowing("127.0.0.2", server.port):
            client = server.client("127.0.0.2", HERE, limits=Limits(seconds=3, body=10_000))
            client._trusted = frozenset({"127.0.0.2", HERE})  # pyright: ignore[reportPrivateUsage]
            assert (await client.get(server.address)).body == b"hi"


def test_nothing_is_trusted_unless_a_test_says_so() -> None:
    client = GuardedClient()
    assert client._trusted == frozenset()  # pyright: ignore[reportPrivateUsage]
    assert client._ports == (443,)  # pyright: ignore[reportPrivateUsage]
    assert Refusal.NOT_PUBLIC.value == "not-public"
