"""The sample programs for a front desk's own software: each checks in, says what is refused, and tries out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.launcher.kafka.jars import jars, java
from tests.journeys.adult import Centre
from tests.journeys.stacks import Stack, eventually
from tests.parts.node import node
from tests.parts.presence import JAVA, JAVASCRIPT

SAMPLES = Path(__file__).parents[2] / "deploy" / "desks"
LINES = 40


def waiting(centre: Centre) -> int:
    """How many visitors wait at Liège."""
    counts = centre.desk.get("/intake/api/v1/visits/counts?centre=liege")
    return int(counts.json()["waiting"])


def token_of_a_desk(stack: Stack) -> str:
    """A token for a desk's own software, as an operator creates it."""
    return stack.cefo("tokens", "create", "Échantillon", "--device", "--centre", "liege", "--days", "30").strip()


class Programs:
    """Runs the samples against a platform."""

    def __init__(self, stack: Stack) -> None:
        self.centre = Centre(stack)
        self._env = {"CEFO_URL": stack.url, "CEFO_TOKEN": token_of_a_desk(stack), "CEFO_KAFKA": stack.kafka}
        self.before = waiting(self.centre)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        env = os.environ | self._env
        return subprocess.run(command, env=env, cwd=SAMPLES, capture_output=True, text=True, check=False, timeout=120)

    def arrived(self, count: int) -> None:
        """Wait until so many more visitors wait."""
        eventually(lambda: waiting(self.centre), lambda now: now == self.before + count)


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


def test_python_over_http(stack: Stack) -> None:
    over_http(stack, sys.executable, "check_in.py")


def test_javascript_over_http(stack: Stack) -> None:
    with JAVASCRIPT.starting():
        found = node()
    over_http(stack, found or "node", "check_in.mjs")


def test_java_over_http(stack: Stack) -> None:
    with JAVA.starting():
        found = java()
    over_http(stack, found, "CheckIn.java")


def test_python_over_kafka(stack: Stack) -> None:
    programs = Programs(stack)
    tried = programs.run(sys.executable, "check_in_kafka.py", "liege", "find-job", "--test")
    assert json.loads(tried.stdout)["visit"]["ticket"].startswith("E-"), tried.stderr
    refused = programs.run(sys.executable, "check_in_kafka.py", "liege", "gardening", "--test")
    assert json.loads(refused.stdout)["reason"] == "unknown-area"
    sent = programs.run(sys.executable, "check_in_kafka.py", "liege", "find-job")
    assert sent.returncode == 0, sent.stderr
    programs.arrived(1)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("stack", ["local"], indirect=True, scope="package")
def test_java_over_kafka(stack: Stack) -> None:
    programs = Programs(stack)
    sent = programs.run(java(), "-cp", f"{jars()}/*", "CheckInKafka.java", "liege", "find-job")
    assert sent.returncode == 0, sent.stderr
    programs.arrived(1)


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_a_sample_is_short(sample: Path) -> None:
    assert len(sample.read_text().splitlines()) < LINES
