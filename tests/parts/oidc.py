"""A real OpenID provider, npm `oidc-provider`, behind a proxy that can change what it says."""

import http.client
import json
import re
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
from joserfc.jwk import ECKey, RSAKey

from services.launcher.ports import free_ports
from tests.parts.node import ROOT, node
from tests.parts.process import start_server, wait_until

SCRIPT = Path(__file__).with_name("oidc_provider.mjs")

Tamper = Callable[[dict[str, Any]], Any]


@dataclass
class Setup:
    """What the provider knows. `jwks`: its private keys, the first of a kind signs."""

    clients: list[dict[str, Any]]
    accounts: dict[str, dict[str, Any]]
    """Claims by login; any password is right."""
    jwks: list[dict[str, Any]] = field(
        default_factory=lambda: [rsa_key("first").as_dict(private=True), ec_key("ec").as_dict(private=True)]
    )
    conform: bool = False
    """Whether ID tokens have only what the specification requires, and the rest is at `userinfo`. Otherwise access
    tokens are signed JWTs, which `userinfo` does not accept."""
    resource: str = "urn:example:files"
    audience: str = "files"
    """Audience of its access tokens."""


class OidcProvider:
    """The provider as a process. `issuer` is its address: a proxy, whose attributes a test may set."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self._folder, self._log = folder, folder / "oidc.log"
        self._port = free_ports(1)[0]
        self._proxy = _Proxy(self._port)
        self.issuer = f"http://127.0.0.1:{self._proxy.server_port}"
        self.setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.start()

    def start(self) -> None:
        """Start with the current setup. What it knew of signed-in people is gone."""
        self.kill()
        config = self._folder / "oidc.json"
        known = {"port": self._port, "issuer": self.issuer, "modules": str(ROOT / "node_modules"), **vars(self.setup)}
        config.write_text(json.dumps(known))
        command = [node() or "node", SCRIPT, config]
        self._process = start_server(command, self._log)
        wait_until(self._answers, self._process, self._log)

    def kill(self) -> None:
        """End the process; the proxy then closes every connection."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it, and the proxy."""
        self.kill()
        self._proxy.shutdown()
        self._proxy.server_close()

    def honest(self) -> None:
        """Change nothing from now on."""
        self._proxy.tampering.clear()
        self._proxy.asked.clear()

    def tamper(self, path: str, change: Tamper) -> None:
        """From now on change the JSON that is answered at paths that end like this."""
        self._proxy.tampering[path] = change

    def asked(self, path: str) -> int:
        """How often paths that end like this were asked for, since `honest()`."""
        return sum(one.endswith(path) for one in self._proxy.asked)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """A token signed with the provider's first key."""
        from joserfc import jwt

        key = RSAKey.import_key(self.setup.jwks[0])
        return jwt.encode({"alg": "RS256", "kid": key.kid, **(header or {})}, claims, key)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
            return True
        return False


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.to = port
        self.tampering: dict[str, Tamper] = {}
        self.asked: list[str] = []


class _Forward(BaseHTTPRequestHandler):
    """Forwards a request with its Host, so that the provider's addresses are the proxy's."""

    def do_GET(self) -> None:
        assert isinstance(self.server, _Proxy)
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.to, timeout=10)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers))
            response = connection.getresponse()
            answer, headers = response.read(), response.getheaders()
        except OSError:
            self.close_connection = True
            return
        finally:
            connection.close()
        for end, change in list(self.server.tampering.items()):
            if path.endswith(end):
                answer = json.dumps(change(json.loads(answer))).encode()
        self._answer(response.status, headers, answer)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def rsa_key(kid: str) -> RSAKey:
    """A new key that signs with RS256."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def ec_key(kid: str) -> ECKey:
    """A new key that signs with ES256."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


async def log_in(browser: httpx2.AsyncClient, url: str, login: str, back_to: str) -> str:
    """Go to the provider's address, sign in on its pages and consent. Returns the address that leads back to cefo."""
    for _ in range(12):
        answer = await browser.get(url)
        while answer.is_redirect:
            url = urljoin(str(answer.url), answer.headers["location"])
            if url.startswith(back_to):
                return url
            answer = await browser.get(url)
        form = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        assert form is not None, answer.text
        assert prompt is not None, answer.text
        sent = {"prompt": prompt[1], "login": login, "password": "any"}
        answer = await browser.post(urljoin(str(answer.url), form[1]), data=sent)
        url = urljoin(str(answer.url), answer.headers["location"])
        if url.startswith(back_to):
            return url
    raise AssertionError(f"the provider never led back: {url}")
