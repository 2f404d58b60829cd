"""A reader should know the room from the path, and find every room small."""

import ast
import re
from pathlib import Path

import pytest

from services.launcher.catalogue import SERVICES as CATALOGUE

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
LINES = 300
SAYING_NOTHING = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc", "tools"}
OWN = [
    path
    for pattern in ("*.py", "*.html", "*.js", "*.css")
    for path in sorted(SERVICES.rglob(pattern))
    if not {"vendor", "node_modules", "__pycache__"} & set(path.parts)
]


def test_no_file_is_longer_than_a_sitting() -> None:
    """Migrations are generated, and never read twice."""
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in OWN
        if "migrations" not in path.parts and (lines := len(path.read_text().splitlines())) > LINES
    }
    assert long == {}


def test_no_name_says_nothing() -> None:
    words = {
        path.relative_to(ROOT).as_posix()
        for path in OWN
        if SAYING_NOTHING & set(re.split(r"[_.\-/]", path.relative_to(ROOT).as_posix()))
    }
    classes = {
        f"{path.relative_to(ROOT).as_posix()}: {node.name}"
        for path in OWN
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and re.search(r"(Utils?|Helpers?|Manager|Base|Common)$", node.name)
    }
    assert (words, classes) == (set(), set())


@pytest.mark.parametrize("service", CATALOGUE)
def test_every_service_has_the_same_anatomy(service: str) -> None:
    room = SERVICES / service
    for part in ("app", "api", "pages", "reactions", "actions", "store", "domain"):
        assert (room / f"{part}.py").exists() or (room / part / "__init__.py").exists(), part
    assert (room / "templates" / service).is_dir()
    assert (room / "migrations" / "versions" / "0001_initial.py").exists()
    charter = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    for word in ("Owns", "Emits", "Reacts"):
        assert re.search(rf"\b{word}\b", charter), f"the charter says what {service} {word.lower()}"


INLINE = re.compile(r"\sstyle=|<style|\son[a-z]+=\"|<script(?![^>]*\bnonce=)(?![^>]*\bsrc=)")


def test_no_template_styles_or_scripts_inline() -> None:
    """The content security policy would refuse it, in the browser, where nobody looks."""
    templates = [path for name in (*CATALOGUE, "chassis") for path in (SERVICES / name).rglob("templates/**/*.html")]
    assert len(templates) > 50
    assert [path.relative_to(SERVICES).as_posix() for path in templates if INLINE.search(path.read_text())] == []


@pytest.mark.parametrize(
    "text", ['<p style="x">', "<style>", '<b onclick="x()">', "<script>x()</script>", '<script type="module">']
)
def test_an_inline_style_or_script_is_seen(text: str) -> None:
    assert INLINE.search(text)


@pytest.mark.parametrize("text", ['<script src="/x.js">', '<script nonce="x">', '<p class="style">'])
def test_what_the_policy_allows_is_allowed(text: str) -> None:
    assert not INLINE.search(text)
