"""Every page is in the list that the browser's checks open, and undoes what it could not do."""

import ast
from collections.abc import Iterator
from pathlib import Path

from services.launcher.catalogue import SERVICES
from tests.architecture.routes import methods_of, routes_of
from tests.browser.pages import NO_PAGES, PAGES

READ = {
    route.path
    for name in (*SERVICES, "front")
    for route in routes_of(name)
    if "GET" in methods_of(route) and "/api/v1/" not in route.path
}


def test_every_page_is_checked_in_a_browser() -> None:
    listed = {page.route for page in PAGES}
    assert sorted(READ - listed - NO_PAGES.keys()) == [], "add them to tests/browser/pages.py"


def test_the_list_names_no_page_that_is_gone() -> None:
    listed = {page.route for page in PAGES} | NO_PAGES.keys()
    assert sorted(listed - READ) == ["/{nowhere}"]


def test_a_page_is_listed_once_in_each_state() -> None:
    names = [page.name for page in PAGES]
    assert sorted(names) == sorted(set(names))


SERVICES_FOLDER = Path(__file__).parents[2] / "services"
MODULES = sorted(
    path for pattern in ("*/pages/*.py", "*/pages.py", "chassis/web/*.py") for path in SERVICES_FOLDER.glob(pattern)
)


def catching(source: str) -> Iterator[str]:
    """Functions that are given a unit of work and catch something, so that what was changed before is kept."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
            given = {ast.unparse(one.annotation) for one in function.args.args if one.annotation}
            if given & {"Work", "Working"} and any(isinstance(part, ast.Try) for part in ast.walk(function)):
                yield function.name


def test_a_page_catches_no_refusal_in_a_unit_of_work_that_goes_on() -> None:
    """What an action changed before it refused would be committed. Use `tried` of services.chassis.web."""
    assert len(MODULES) > 30
    found = [f"{path.relative_to(SERVICES_FOLDER)}: {name}" for path in MODULES for name in catching(path.read_text())]
    assert found == []


def test_what_catches_in_a_unit_of_work_is_seen() -> None:
    careless = (
        "async def send(work: Working) -> None:\n    try:\n        await act(work)\n    except Refused:\n        pass"
    )
    assert list(catching(careless)) == ["send"]
