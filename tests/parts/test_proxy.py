"""deploy/local's nginx in front of five tiny services: routing, headers, and no buffering."""

import http.client
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any

import pytest

from services.chassis.runtime.tracing import SECRET_PATH, without_secrets
from services.launcher.ports import free_ports
from tests.architecture.routes import routes_of
from tests.parts.fixtures import folder
from tests.parts.presence import NGINX
from tests.parts.process import executable, start_server, wait_until

TEMPLATE = Path(__file__).parents[2] / "deploy" / "local" / "nginx.conf.template"
SERVICES = ("intake", "scheduling", "plans", "directory", "impact")


class _Service(BaseHTTPRequestHandler):
    """Answers its name and the request; streams two events a second apart; notes when an import's body begins."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.endswith("/stream"):
            self._stream()
        else:
            self._answer(f"{self._name} {self.path} {dict(self.headers)}")

    def do_POST(self) -> None:
        self.rfile.read(1)
        arrived = time.monotonic()
        self.rfile.read(int(self.headers["Content-Length"]) - 1)
        self._answer(f"{self._name} {arrived}")

    def log_message(self, format: str, *args: Any) -> None:
        pass

    @property
    def _name(self) -> str:
        assert isinstance(self.server, _Server)
        return self.server.name

    def _answer(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in (b"data: A12\n\n", b"data: A13\n\n"):
            self.wfile.write(event)
            self.wfile.flush()
            time.sleep(1)
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Service)
        self.name = name


@pytest.fixture(scope="module")
def origin(proxy: tuple[int, Path]) -> int:
    """The port of the nginx."""
    return proxy[0]


@pytest.fixture(scope="module")
def proxy() -> Generator[tuple[int, Path]]:
    """An nginx, rendered as `deploy/local` is, in front of five services: its port, and its folder with the logs."""
    port, *ports = free_ports(6)
    upstreams: dict[str, int] = dict(zip(SERVICES, ports, strict=True))
    with folder("nginx") as place, _services(upstreams):
        with NGINX.starting():
            process = _start_nginx(place, port, upstreams)
        yield port, place
        process.terminate()
        process.wait(10)


@contextmanager
def _services(upstreams: dict[str, int]) -> Generator[None]:
    servers = [_Server(name, number) for name, number in upstreams.items()]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield
    for server in servers:
        server.shutdown()
        server.server_close()


def _start_nginx(place: Path, port: int, upstreams: dict[str, int]) -> subprocess.Popen[bytes]:
    values = {name.upper(): number for name, number in upstreams.items()}
    (place / "nginx.conf").write_text(Template(TEMPLATE.read_text()).substitute(PORT=port, FOLDER=place, **values))
    command = [executable("nginx") or "nginx", "-e", str(place / "error.log"), "-c", str(place / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    process = start_server(command, place / "console.log")
    wait_until(lambda: _answers(port), process, place / "console.log")
    return process


@pytest.mark.parametrize("name", SERVICES)
def test_a_path_reaches_the_service_it_names(origin: int, name: str) -> None:
    for path in (f"/{name}", f"/{name}/", f"/{name}/api/v1/things?after=3"):
        assert _get(origin, path)[1].startswith(f"{name} {path} ")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-out", "/static/cefo.css", "/intakes", "/health/ready"])
def test_paths_of_every_process_are_routed_to_intake(origin: int, path: str) -> None:
    assert _get(origin, path)[1].startswith(f"intake {path} ")


def _secret_paths() -> list[str]:
    """Every address that ends with a secret, up to there. Longer ones, as of a stream, are below them."""
    paths = (route.path.rpartition("/") for name in SERVICES for route in routes_of(name))
    return sorted({before for before, _slash, last in paths if last in ("{secret}", "{token}")})


@pytest.mark.parametrize("path", _secret_paths())
def test_no_log_holds_the_secret_of_an_address(proxy: tuple[int, Path], path: str) -> None:
    origin, place = proxy
    service = path.split("/")[1]
    assert _get(origin, f"{path}/abcde-canary")[1].startswith(f"{service} {path}/abcde-canary ")
    assert _post(origin, f"{path}/abcde-canary", b"x" * (2 * 1024 * 1024))[0] == 413
    assert _post(origin, "/intake/book?time=canary", b"x" * (2 * 1024 * 1024))[0] == 413
    assert _get(origin, "/intake/list")[0] == 200
    logged = "".join(log.read_text() for log in place.glob("*.log"))
    assert f" {path}/- 200 " in logged
    assert " /intake/list 200 " in logged
    assert "canary" not in logged


def test_the_logs_of_services_and_of_the_proxy_hide_the_secrets_of_the_same_addresses() -> None:
    routes = {route.path for name in SERVICES for route in routes_of(name)}
    after = {path.split("/{")[0].split("/", 2)[2] for path in routes if "/{secret}" in path or "/{token}" in path}
    hidden = rf"/[a-z]+/(?:{'|'.join(sorted(after))})/"
    assert SECRET_PATH.pattern == f"^({hidden}).+"
    assert f"~^(?<masked>{hidden}) $${{masked}}-;" in TEMPLATE.read_text()


@pytest.mark.parametrize("path", _secret_paths())
def test_what_a_service_logs_has_no_secret_of_an_address(path: str) -> None:
    assert without_secrets(f"{path}/canary.ics") == without_secrets(f"{path}/canary/stream") == f"{path}/…"


def test_a_client_cannot_spoof_its_address(origin: int) -> None:
    claims = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.7"}
    body = _get(origin, "/plans/", claims)[1]
    assert "203.0.113.7" not in body
    assert "'X-Forwarded-For': '127.0.0.1'" in body
    assert "'X-Forwarded-Proto': 'http'" in body
    assert f"'Host': '127.0.0.1:{origin}'" in body


def test_an_event_arrives_before_the_next_one_is_sent(origin: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", origin, timeout=10)
    begun = time.monotonic()
    connection.request("GET", "/intake/liege/stream")
    response = connection.getresponse()
    assert response.readline() == b"data: A12\n"
    assert time.monotonic() - begun < 0.9  # the second is sent after one second, the end comes after two
    response.read()
    connection.close()


def test_only_an_import_may_be_large(origin: int) -> None:
    two_megabytes = b"x" * (2 * 1024 * 1024)
    assert _post(origin, "/intake/api/v1/visits/import", two_megabytes)[0] == 200
    assert _post(origin, "/intake/api/v1/visits", two_megabytes)[0] == 413


def test_an_import_reaches_its_service_while_it_is_being_sent(origin: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", origin, timeout=10)
    connection.putrequest("POST", "/scheduling/api/v1/interviews/import")
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"a")
    time.sleep(0.5)
    sent_all = time.monotonic()
    connection.send(b"b")
    name, arrived = connection.getresponse().read().decode().split()
    connection.close()
    assert name == "scheduling"
    assert float(arrived) < sent_all


def _answers(port: int) -> bool:
    try:
        return _get(port, "/")[0] == 200
    except OSError:
        return False


def _get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    return _request(port, "GET", path, None, headers or {})


def _post(port: int, path: str, body: bytes) -> tuple[int, str]:
    return _request(port, "POST", path, body, {})


def _request(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
