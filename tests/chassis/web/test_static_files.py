"""The URLs of style sheets and scripts: minified where that was done, and never from an older file."""

import os
import sys
from pathlib import Path

import pytest

from services.chassis.web import assets, static_files


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one style sheet and one script."""
    (tmp_path / "a.css").write_text("a {\n  color: #ffffff;\n}\n")
    (tmp_path / "b.js").write_text("const hello = () => {\n  return 1;\n};\n")
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    return tmp_path


def test_what_was_minified_before_a_change_is_not_served(static: Path) -> None:
    sheet = static / "a.css"
    plain = static_files.static("a.css")
    assert plain.startswith("/static/a.css?v=")
    (static / "minified").mkdir()
    (static / "minified" / static_files.minified_name(sheet)).write_text("a{color:#fff}")
    assert static_files.static("a.css") == f"/static/minified/{static_files.minified_name(sheet)}"
    sheet.write_text("a { color: red }")
    os.utime(sheet, (1, 1))
    assert static_files.static("a.css").startswith("/static/a.css?v=")
    assert static_files.static("a.css") != plain
    assert static_files.static("missing.css") == "/static/missing.css"


def test_style_sheets_and_scripts_are_minified_once(static: Path) -> None:
    assert assets.minify(assets.ROOT, static) == ["a.css", "b.js"]
    assert assets.minify(assets.ROOT, static) == []
    minified = {path.suffix: path.read_text() for path in (static / "minified").iterdir()}
    assert minified[".css"].strip() == "a{color:#fff}"
    assert "\n" not in minified[".js"].strip()


@pytest.mark.parametrize(("node", "why"), [(None, "there is no Node"), (sys.executable, "esbuild cannot run")])
def test_where_nothing_can_be_minified_the_files_are_served_as_they_are_and_it_says_so(
    static: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], node: str | None, why: str
) -> None:
    monkeypatch.setattr(assets, "node_command", lambda: node)
    assert assets.minify(static, static) == []  # a folder without esbuild's package
    warning = capsys.readouterr().err
    assert [text for text in ("NOT minified", why) if text not in warning] == []
    assert static_files.static("b.js").startswith("/static/b.js?v=")
