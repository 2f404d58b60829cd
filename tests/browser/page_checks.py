"""What every page is checked for, to be used by the tests of pages: axe-core, the Nu HTML checker, CSP, keyboard.

Everything is asynchronous (playwright's async API). A page's own CSP stays on: axe runs through the debugging protocol,
not as a script of the page.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Browser, ConsoleMessage, Page

from tests.browser.number_checks import broken_numbers

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
NU = ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SETTLED = """() => !document.querySelector('.htmx-request:not(.live)')
  && [...document.querySelectorAll('.live')].every((board) => board.dataset.live === 'on')"""
"""True in a page whose fragments are there and whose boards are live."""


class CheckUnavailable(RuntimeError):
    """A part that the checks need is not there; the message says how to get it."""


def needed(path: Path) -> Path:
    """The path, or a named error with the command that brings it."""
    if not path.is_file():
        raise CheckUnavailable(f"{path} is missing; run: python -m services.chassis.web.assets")
    return path


@cache
def _axe() -> str:
    return needed(AXE).read_text(encoding="utf-8")


async def axe_violations(page: Page) -> list[str]:
    """What axe-core finds, one line per place: rule, element, what to do. Empty: nothing."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    # Only what is asked for leaves the page: what axe says of every rule that holds is a hundred kilobytes.
    violations = await page.evaluate(
        "async rules => (await axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']}))"
        ".violations",
        RULES,
    )
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def _spread(pages: Mapping[str, str], folder: str) -> dict[str, str]:
    """Write each document to a file of its own. Returns file name → document name."""
    names: dict[str, str] = {}
    for number, (name, html) in enumerate(pages.items()):
        Path(folder, f"{number}.html").write_text(html, encoding="utf-8")
        names[f"{number}.html"] = name
    return names


async def html_errors(pages: Mapping[str, str]) -> list[str]:
    """What the Nu HTML checker finds in documents by name, errors and warnings, in one start of its machine."""
    java = shutil.which("java")
    if not java:
        raise CheckUnavailable("no `java` on the PATH; install a Java runtime with the system's packages")
    with tempfile.TemporaryDirectory() as folder:
        names = await asyncio.to_thread(_spread, pages, folder)
        process = await asyncio.create_subprocess_exec(
            *(java, "-Xss4m", "-Xmx512m", "-jar", str(needed(NU)), "--format", "json", "--exit-zero-always"),
            *("--stdout", *(f"{folder}/{file}" for file in names)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    if process.returncode != 0 or not out:
        raise CheckUnavailable(f"the Nu HTML checker ended with {process.returncode}: {err.decode()[:2000]}")
    return [_said(message, names) for message in cast(list[dict[str, Any]], json.loads(out)["messages"])]


def _said(message: Mapping[str, Any], names: Mapping[str, str]) -> str:
    file = str(message.get("url", "")).rsplit("/", 1)[-1]
    kind = message.get("subType", message["type"])
    extract = str(message.get("extract", "")).replace("\n", " ").strip()
    return f"{names.get(file, file)}:{message.get('lastLine', '?')}: {kind}: {message['message']} [{extract}]"


@dataclass
class Trouble:
    """What a page did that it must not: CSP violations, errors on the console, exceptions in scripts."""

    csp: list[str] = field(default_factory=list[str])
    console: list[str] = field(default_factory=list[str])
    scripts: list[str] = field(default_factory=list[str])

    def violated(self, what: str) -> None:
        """Note a violation of the content security policy."""
        self.csp.append(what)

    def clear(self) -> None:
        """Forget what was there: another page comes."""
        for kind in (self.csp, self.console, self.scripts):
            kind.clear()

    def all(self) -> list[str]:
        """Everything, in one list."""
        return [*self.csp, *self.console, *self.scripts]


async def csp_violations(page: Page) -> Trouble:
    """Listen from the next navigation on; read the answer's lists whenever you like."""
    trouble = Trouble()

    def on_console(message: ConsoleMessage) -> None:
        own_answer = message.text.startswith("Failed to load resource") and message.location["url"] == page.url
        if message.type == "error" and not own_answer:  # a page of ours that says 422 is meant to
            kind = trouble.csp if "Content Security Policy" in message.text else trouble.console
            kind.append(f"{page.url}: {message.text}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: trouble.scripts.append(f"{page.url}: {error}"))
    await page.expose_function("reportCspViolation", trouble.violated)
    await page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (event) => window.reportCspViolation("
        "`${location.href}: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))"
    )
    return trouble


_FOCUSABLE = """() => {
  const seen = (element) => element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0;
  const radios = new Set();
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((element) => seen(element) && !element.disabled && element.type !== 'hidden' && element.tabIndex >= 0)
    .filter((element) => {
      if (element.type !== 'radio') return true;
      const group = element.name + '/' + (element.form?.action ?? '');
      if (radios.has(group)) return false;
      radios.add(group);
      return true;
    }).map((element, number) => {
      element.dataset.walk = element.type === 'radio' ? 'radio:' + element.name : String(number);
      if (element.type === 'radio')
        document.getElementsByName(element.name).forEach((other) => { other.dataset.walk = element.dataset.walk; });
      return [element.dataset.walk, element.outerHTML.slice(0, 120)];
    });
}"""

_WATCH_THE_FOCUS = """() => {
  document.activeElement?.blur();
  window.getSelection()?.removeAllRanges();
  scrollTo(0, 0);
  const ring = (of) => of.outlineStyle !== 'none' && parseFloat(of.outlineWidth) >= 2;
  window.walked = [];
  document.addEventListener('keyup', () => {
    const target = document.activeElement;
    if (!target || target === document.body) return;
    const style = getComputedStyle(target), after = getComputedStyle(target, '::after');
    const box = target.getBoundingClientRect();
    window.walked.push({
      walk: target.dataset.walk ?? null,
      html: target.outerHTML.slice(0, 120),
      visible: ring(style) || ring(after),
      onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    });
  });
}"""


async def keyboard_walk(page: Page) -> list[str]:
    """Press Tab through the whole page. What is wrong: not reached, no visible focus, focus off screen. Empty: fine.

    What a live page replaced during the walk could not be reached: then it is walked again.
    """
    expected, walked = await _walk(page)
    if await page.evaluate(_REPLACED, list(expected)):
        expected, walked = await _walk(page)
    reached = {here["walk"] for here in walked}
    return [
        *sorted({f"no visible focus: {here['html']}" for here in walked if not here["visible"]}),
        *sorted({f"focus off screen: {here['html']}" for here in walked if not here["onScreen"]}),
        *(f"not reached by Tab: {html}" for walk, html in expected.items() if walk not in reached),
    ]


_REPLACED = "(walks) => walks.some((walk) => !document.querySelector(`[data-walk='${CSS.escape(walk)}']`))"


async def _walk(page: Page) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """What Tab has to reach, by its mark, and where the focus was."""
    expected: dict[str, str] = dict(await page.evaluate(_FOCUSABLE))
    await page.evaluate(_WATCH_THE_FOCUS)
    walked: list[dict[str, Any]] = []
    for _ in range(6):  # a date has several stops; a page may start with the focus in its middle
        for _ in range(len(expected) + 2):
            await page.keyboard.press("Tab")
        walked = await page.evaluate("window.walked")
        if expected.keys() <= {here["walk"] for here in walked}:
            break
    return expected, walked


_TOO_SMALL = """(least) => {
  const targets = 'button, summary, select, textarea, input:not([type=hidden]), nav a, .button';
  return [...document.querySelectorAll(targets)]
    .filter((element) => element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0)
    .map((element) => element.matches('[type=radio], [type=checkbox]') && element.closest('label') || element)
    .map((element) => [Math.round(element.getBoundingClientRect().height), element.outerHTML.slice(0, 120)])
    .filter(([height]) => height < least)
    .map(([height, html]) => `${height} px high: ${html}`);
}"""


_RUNS_OUT = """() => {
  const box = '.card, li, td, th, dd, dt, button, .badge, p, h1, h2, h3, summary, label, main';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue;
    if (element.closest('.visually-hidden, select, textarea, svg, pre, script, style')) continue;
    const head = element.closest('thead');
    if (head && getComputedStyle(head).position === 'absolute') continue;  // out of sight where a row is a card
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect(), room = element.closest(box)?.getBoundingClientRect();
    const out = room ? Math.max(text.right - room.right, room.left - text.left) : 0;
    if (out > 2) found.push(`text runs ${Math.round(out)} px out of its box: ${element.outerHTML.slice(0, 120)}`);
  }
  return found;
}"""


async def layout_faults(page: Page, least: int = 44) -> list[str]:
    """What does not fit: sideways scrolling, text outside its box, broken numbers, targets under `least` CSS pixels."""
    faults = cast(list[str], await page.evaluate(_TOO_SMALL, least))
    faults += cast(list[str], await page.evaluate(_RUNS_OUT))
    faults += await broken_numbers(page)
    wide = await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*faults, *([f"scrolls sideways by {wide} px"] if wide > 0 else [])]


_LONG_WORDS = """(letters) => document.querySelectorAll('bdi').forEach((name) => {
  name.textContent = 'm'.repeat(letters);
})"""


async def long_word_faults(page: Page, letters: int = 200) -> list[str]:
    """What does not fit once each name and each text that people wrote is one word of so many letters. They stay so."""
    await page.evaluate(_LONG_WORDS, letters)
    return [f"with a word of {letters} letters: {fault}" for fault in await layout_faults(page)]


async def screenshot(page: Page, name: str, width: int, folder: Path = ROOT / "build/screenshots") -> Path:
    """The whole page at this width, as `<name>-<width>.png`. Missing folders are made."""
    await page.set_viewport_size({"width": width, "height": _height(width)})
    path = folder / f"{name}-{width}.png"
    await page.screenshot(path=path, full_page=True)
    return path


def _height(width: int) -> int:
    return 844 if width < 600 else 800


@asynccontextmanager
async def watched_page(browser: Browser, width: int = 1280, **context: Any) -> AsyncGenerator[tuple[Page, Trouble]]:
    """A fresh page with its own cookies, listened to from the first request on."""
    options: dict[str, Any] = {"viewport": {"width": width, "height": _height(width)}, **context}
    surroundings = await browser.new_context(**options)
    try:
        page = await surroundings.new_page()
        yield page, await csp_violations(page)
    finally:
        await surroundings.close()


async def cleared(page: Page) -> None:
    """As a new screen: nobody signed in, nothing kept, nothing open."""
    await page.context.clear_cookies()
    await page.set_viewport_size({"width": 1280, "height": _height(1280)})


async def settled(page: Page) -> None:
    """Wait until boards are live and pieces of other services are in."""
    await page.wait_for_load_state("load")
    await page.wait_for_function(SETTLED, timeout=20_000)
