"""Every page is in the list that the browser's checks open."""

from services.launcher.catalogue import SERVICES
from tests.architecture.test_routes import methods_of, routes_of
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
