"""The sample programs for a front desk's own software: each checks in, says what is refused, and tries out."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka
from services.launcher.kafka.jars import jars, java
from tests.journeys.adult import ok, signed_in
from tests.journeys.stacks import Stack, embedded, eventually, up
from tests.parts.fixtures import folder
from tests.parts.node import node
from tests.parts.presence import JAVA, JAVASCRIPT, KAFKA

SAMPLES = Path(__file__).parents[2] / "deploy" / "desks"
LINES = 40


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A platform of its own, whose clock nobody puts forward: the programs send what their own clock says."""
    with embedded(tmp_path_factory.mktemp("programs")) as stack:
        yield stack


@pytest.fixture(scope="module")
def on_kafka(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """The same on Apache Kafka, which Java's client speaks with."""
    home = tmp_path_factory.mktemp("programs-kafka")
    with folder("programs-kafka") as place, ApacheKafka() as cluster:
        with KAFKA.starting():
            cluster.start(1, place)
        with up(home, "--kafka", cluster.bootstrap) as (stack, _process):
            yield stack


class Programs:
    """Runs the samples against a platform."""

    def __init__(self, stack: Stack) -> None:
        self._desk = signed_in(stack, "accueil-liege")
        token = stack.cefo("tokens", "create", "Échantillon", "--device", "--centre", "liege", "--days", "30").strip()
        self._env = {"CEFO_URL": stack.url, "CEFO_TOKEN": token, "CEFO_KAFKA": stack.kafka}
        self._before = self._waiting()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        env = os.environ | self._env
        return subprocess.run(command, env=env, cwd=SAMPLES, capture_output=True, text=True, check=False, timeout=120)

    def arrived(self, count: int) -> None:
        """Wait until so many more visitors wait."""
        eventually(self._waiting, lambda now: now == self._before + count)

    def _waiting(self) -> int:
        counts = ok(self._desk.get("/intake/api/v1/visits/counts?centre=liege"))
        return int(counts["waiting"]) + int(counts["earlier"])  # at midnight


def over_http(stack: Stack, *program: str) -> None:
    """Try out, check in, and be refused."""
    programs = Programs(stack)
    tried = programs.run(*program, "liege", "find-job", "--test")
    assert tried.returncode == 0, tried.stderr
    assert "E-" in tried.stdout
    programs.arrived(0)
    checked_in = programs.run(*program, "liege", "find-job")
    assert checked_in.returncode == 0, checked_in.stderr
    assert "E-" in checked_in.stdout
    programs.arrived(1)
    refused = programs.run(*program, "liege", "gardening")
    assert refused.returncode == 1
    assert "besoin" in refused.stderr
    programs.arrived(1)


def test_python_over_http(platform: Stack) -> None:
    over_http(platform, sys.executable, "check_in.py")


def test_javascript_over_http(platform: Stack) -> None:
    with JAVASCRIPT.starting():
        found = node()
    over_http(platform, found or "node", "check_in.mjs")


def test_java_over_http(platform: Stack) -> None:
    with JAVA.starting():
        found = java()
    over_http(platform, found, "CheckIn.java")


def test_python_over_kafka(platform: Stack) -> None:
    programs = Programs(platform)
    tried = programs.run(sys.executable, "check_in_kafka.py", "liege", "find-job", "--test")
    assert json.loads(tried.stdout)["visit"]["ticket"].startswith("E-"), tried.stderr
    refused = programs.run(sys.executable, "check_in_kafka.py", "liege", "gardening", "--test")
    assert json.loads(refused.stdout)["reason"] == "unknown-area"
    sent = programs.run(sys.executable, "check_in_kafka.py", "liege", "find-job")
    assert sent.returncode == 0, sent.stderr
    programs.arrived(1)


@pytest.mark.kafka
def test_java_over_kafka(on_kafka: Stack) -> None:
    programs = Programs(on_kafka)
    sent = programs.run(java(), "-cp", f"{jars()}/*", "CheckInKafka.java", "liege", "find-job")
    assert sent.returncode == 0, sent.stderr
    programs.arrived(1)


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_a_sample_is_short(sample: Path) -> None:
    assert len(sample.read_text().splitlines()) < LINES
