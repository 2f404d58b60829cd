"""What the documents point to is there: linked files and sections, named files, make targets, French words."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "deploy/**/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
)
EVERY = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(
    r"`((?:services|tests|docs|deploy)/[\w./-]*\w/?|[\w-]+\.(?:toml|json|lock))(?::\d+)?`",
)


def prose(document: Path) -> str:
    return FENCED.sub("", document.read_text())


@cache
def anchors(document: Path) -> set[str]:
    """The sections of a document, as a repository's host names them in addresses."""
    heads = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@EVERY
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose(document)):
        name, _, section = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), f"{document.name}: {target}"
        assert file.is_relative_to(ROOT), f"{document.name}: {target} leads out of the repository"
        if section:
            assert section in anchors(file), f"{document.name}: {target}"


@EVERY
def test_named_files_exist(document: Path) -> None:
    if document.name == "CHANGELOG.md":  # it also names what is gone
        return
    for name in (*NAMED.findall(document.read_text()), *_in_commands(document)):
        assert (ROOT / name).exists(), f"{document.name}: {name}"


def _in_commands(document: Path) -> list[str]:
    """The paths that the commands of a document are given."""
    commands = re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"(?<![\w/.-])((?:tests|deploy|docs|services|\.ci)/[\w./-]*\w)", "\n".join(commands))


@EVERY
def test_named_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in re.findall(
        r"(?:^|`|\s)make ((?:[a-z]+-)*[a-z]+)(?=\s*(?:`|#|$|[A-Z]+=))", document.read_text(), re.MULTILINE
    ):
        assert name in targets, f"{document.name}: make {name}"


@EVERY
def test_named_modules_exist(document: Path) -> None:
    if document.name == "CHANGELOG.md":
        return
    for name in re.findall(r"python -m\s+((?:services|tests)(?:\.\w+)+)", document.read_text()):
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), f"{document.name}: {name}"


def test_variables_of_documented_commands_are_known() -> None:
    known = (ROOT / "docs/settings.md").read_text() + (ROOT / "Makefile").read_text()
    for document in DOCUMENTS:
        for block in re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL):
            for name in re.findall(r"(?<!\S)([A-Z][A-Z_]+)=", block):
                assert re.search(rf"\b{name}\b", known), f"{document.name}: {name}="


def test_documents_name_files() -> None:
    names = {path.name for path in DOCUMENTS}
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "glossary.md", "0001-faststream.md"} <= names
    assert sum(len(NAMED.findall(document.read_text())) for document in DOCUMENTS) > 120


def test_pictures_are_light_enough_for_a_telephone() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs/pictures").glob("*.png")}
    assert set(sizes) == {"desk.png", "plan.png"}
    assert {name: size for name, size in sizes.items() if size > 150_000} == {}


DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_five_parts(decision: Path) -> None:
    text = decision.read_text()
    places = [text.find(f"**{part}") for part in ("Context.", "Decision.", "Rejected.", "Enforced by", "Revisit")]
    assert places == sorted(places), decision.name
    assert -1 not in places, decision.name
