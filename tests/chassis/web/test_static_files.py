"""The URLs of style sheets and scripts: minified where that was done, and never from an older file."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.service.definition import Navigation
from services.chassis.testing import client_of
from services.chassis.web import assets, static_files
from tests.chassis.conftest import DESK
from tests.chassis.sample_service import service

PAGE = {"accept": "text/html"}


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one style sheet and one script."""
    (tmp_path / "a.css").write_text("a {\n  color: #ffffff;\n}\n")
    (tmp_path / "b.js").write_text("const hello = () => {\n  return 1;\n};\n")
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    monkeypatch.setattr(static_files, "_OWN", dict[str, Path]())
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


async def test_a_service_has_files_of_its_own_and_scripts_on_every_page(tmp_path: Path) -> None:
    """Served beside the shared ones, also while the service is restored, and loaded for people who are signed in."""
    sample = replace(service(tmp_path), nav=Navigation("Sample", scripts=("kept.js",)))
    (sample.folder / "static").mkdir()
    (sample.folder / "static" / "kept.js").write_text('"use strict";\n')
    address = static_files.static("kept.js", "sample")  # before a process knows its folder: without its content
    assert address == "/sample/static/kept.js"
    async with client_of(sample, tmp_path, person=DESK) as client:
        address = static_files.static("kept.js", "sample")
        assert address.startswith("/sample/static/kept.js?v=")
        tag = f'<script src="{address}" nonce="'
        assert tag in (await client.get("/", headers=PAGE)).text
        client.runtime.catching_up.done.clear()
        served = await client.get(address)
        assert (served.status_code, served.text) == (200, '"use strict";\n')
        assert "immutable" in served.headers["cache-control"]
        assert (await client.get("/sample/static/missing.js")).status_code == 404
        client.signed_in(None)
        assert tag not in (await client.get("/", headers=PAGE)).text


def test_files_of_a_service_are_minified_in_its_folder(static: Path) -> None:
    own = static / "own"
    own.mkdir()
    (own / "a.css").write_text("b {\n  color: #000000;\n}\n")
    assert assets.minify(assets.ROOT, static, own) == ["a.css", "b.js", "a.css"]
    assert [path.read_text().strip() for path in (own / "minified").iterdir()] == ["b{color:#000}"]
    static_files.add_files("own", own)
    assert static_files.static("a.css", "own") == f"/own/static/minified/{static_files.minified_name(own / 'a.css')}"
    assert assets.minify(assets.ROOT, static, own) == []


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
