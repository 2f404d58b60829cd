"""Browser assets: where npm comes from."""

from pathlib import Path

import pytest

from services.chassis.web import assets


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty; no Node was installed before."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(assets, "_node_wheel", lambda: None)
    return tmp_path


def test_node_on_the_path_comes_first(path: Path) -> None:
    for name in ("node", "npm"):
        (path / name).touch(mode=0o755)
    assert assets.npm_command() == [str(path / "npm")]


def test_without_node_the_pinned_wheel_is_installed_with_a_message(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(assets.AssetsUnavailable, match=r"--require-hashes -r .*requirements-node\.lock"):
        assets.npm_command(path)  # a folder without that lock: pip refuses
    assert "no `node` and `npm` on the PATH" in capsys.readouterr().err
