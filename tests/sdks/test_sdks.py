"""What the CloudEvents SDKs of Go, Java and JavaScript find in an event of every type: what is in it.

Each reads it as the SDK's users do; Go's and JavaScript's validate it as well.
"""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.contracts import EVENTS
from services.contracts.cloudevents import Record, write_event
from tests.contracts.examples import events
from tests.parts.node import node
from tests.parts.presence import GO, JAVA, JAVASCRIPT, Part

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "sdks"
AT = datetime(2026, 3, 2, 8, 5, 0, 250_000, tzinfo=UTC)
CHAIN, CAUSE, ID = (UUID(int=number, version=4) for number in (1, 2, 3))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A record of each type, with every attribute that the platform writes."""
    found: list[Record] = []

    @given(data=st.data())
    @settings(
        max_examples=1,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    def draw(data: st.DataObject) -> None:
        del found[:]
        for kind in EVENTS.values():
            event = data.draw(events(kind))
            found.append(write_event(event, id=ID, time=AT, sequence=12, correlation_id=CHAIN, causation_id=CAUSE))

    draw()
    return found


def go() -> Sequence[str]:
    """Builds the program with Go's SDK: not optimised, as compiling takes far longer than running it does."""
    program = BUILD / "go"
    _run(["env", "CGO_ENABLED=0", "go", "build", "-gcflags=all=-N -l", "-o", str(program), "."], HERE / "go")
    return [str(program)]


def java() -> Sequence[str]:
    """Fetches Java's SDK; Java compiles the program when it runs."""
    jars = BUILD / "java"
    if not list(jars.glob("cloudevents-kafka-*.jar")):
        copied = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        _run(["mvn", "-q", "-B", *copied], HERE / "java")
    return ["java", "-cp", f"{jars}/*", str(HERE / "java" / "Check.java")]


def javascript() -> Sequence[str]:
    """JavaScript's SDK is in `node_modules`."""
    return [node() or "node", str(HERE / "javascript" / "check.mjs")]


def _run(command: Sequence[str], folder: Path, text: str = "") -> str:
    done = subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, check=False, env=os.environ, timeout=240
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize(
    ("part", "program"), [(GO, go), (JAVA, java), (JAVASCRIPT, javascript)], ids=["go", "java", "javascript"]
)
def test_an_sdk_finds_in_an_event_what_is_in_it(
    part: Part, program: Callable[[], Sequence[str]], records: list[Record]
) -> None:
    with part.starting():
        command = program()
    lines = [
        json.dumps(
            {
                "headers": {name: (value or b"").decode() for name, value in one.headers},
                "key": (one.key or b"").decode(),
                "value": one.value.decode(),
            }
        )
        for one in records
    ]
    found = [json.loads(line) for line in _run(command, HERE, "\n".join(lines) + "\n").splitlines()]
    assert len(found) == len(records) == len(EVENTS)
    for one, record in zip(found, records, strict=True):
        assert _without_key(one) == _expected(record)


def _expected(record: Record) -> dict[str, Any]:
    attributes = {name.removeprefix("ce_"): (value or b"").decode() for name, value in record.headers}
    own = ("id", "source", "type", "subject", "dataschema")
    extensions = ("cefosequence", "correlationid", "causationid")
    return {
        **{name: attributes[name] for name in own},
        "time": AT,
        "extensions": {name: attributes[name] for name in extensions},
        "data": json.loads(record.value),
    }


def _without_key(found: dict[str, Any]) -> dict[str, Any]:
    """What the SDK found. JavaScript's adds the record's key as an extension."""
    extensions = {name: value for name, value in found["extensions"].items() if name != "partitionkey"}
    return found | {"time": datetime.fromisoformat(found["time"]), "extensions": extensions}
