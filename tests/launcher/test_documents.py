"""The documents that are made from the code say what the code does."""

import re
from pathlib import Path

from services.launcher.documents import DOCS, LINES, documents


def test_the_made_documents_are_up_to_date() -> None:
    stale = [str(path) for path, content in documents().items() if not path.exists() or path.read_bytes() != content]
    assert not stale, f"run `make snapshots`: {stale}"


def test_every_example_line_of_the_import_page_is_valid() -> None:
    page = (DOCS / "imports.md").read_text()
    for name, model in LINES.items():
        examples = re.findall(rf"`{name}\.ndjson`\n```json\n(.*?)\n```", page, re.DOTALL)
        assert examples, f"no example of {name}"
        for line in examples[0].splitlines():
            model.model_validate_json(line)


def test_the_readme_names_files_that_exist() -> None:
    root = Path(DOCS).parent
    for target in re.findall(r"\]\(([^)#:]+)\)", (root / "README.md").read_text()):
        assert (root / target).exists(), target
