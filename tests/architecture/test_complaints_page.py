"""docs/complaints.md has fifteen complaints, each with its public sources and with tests that pytest collects."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_security_page import PROOF, functions_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/complaints.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
SOURCE = re.compile(r"\[(?:[\w-]+/[\w.-]+)?#(\d+)\]\(https://github\.com/[\w-]+/[\w.-]+/issues/(\d+)\)")
NAMED = sorted(set(PROOF.findall(PAGE)))


@cache
def skips(file: str) -> bool:
    """Whether a module, or a test in it, is skipped without a condition."""
    return bool(re.search(r"mark\.(?:skip\b|xfail)|pytest\.skip\(", (ROOT / file).read_text()))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_proof_is_collected(file: str, name: str) -> None:
    assert Path(file).name.startswith("test_")
    assert name.startswith("test_")
    assert name in functions_of(file)
    assert not skips(file)


def test_each_of_fifteen_complaints_has_sources_and_proofs() -> None:
    rows = ROW.findall(PAGE)
    assert [int(number) for number, *_rest in rows] == list(range(1, 16))
    for number, _what, sources, _answer, proofs in rows:
        found = SOURCE.findall(sources)
        assert found, number
        assert all(said == linked for said, linked in found), number
        assert len(found) == sources.count("#"), number
        assert len(PROOF.findall(proofs)) == proofs.count("::") > 0, number
