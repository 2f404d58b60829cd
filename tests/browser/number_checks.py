"""Nothing that is one number wraps, and the largest numbers fit: what tests of pages check, and make for it."""

from typing import cast

from playwright.async_api import Page

_BROKEN_NUMBERS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element.checkVisibility({visibilityProperty: true})) continue;
    if (element.closest('.visually-hidden, svg, script, style, pre, code, textarea')) continue;
    if (element.href === element.textContent.trim()) continue; // an address that is shown breaks anywhere
    for (const number of node.data.matchAll(/\\p{N}[\\p{N}.,:\\u00a0\\u202f]*\\p{N}/gu)) {
      const range = document.createRange();
      range.setStart(node, number.index);
      range.setEnd(node, number.index + number[0].length);
      const lines = new Set([...range.getClientRects()].map((line) => Math.round(line.top)));
      if (lines.size > 1) found.push(`${number[0]} is on ${lines.size} lines: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  return found;
}"""

_ENLARGE = """([lang, largest]) => {
  const figures = '.figure-value, .headline strong, .bar-value, td.number';
  const written = new Intl.NumberFormat({fr: 'fr-BE', de: 'de-BE', nl: 'nl-BE', en: 'en-GB'}[lang]).format(largest);
  for (const figure of document.querySelectorAll(figures))
    for (const node of figure.childNodes)
      if (/^\\s*\\d[\\d.,\\u202f\\u00a0]*\\s*$/.test(node.data)) node.data = written;
}"""
LARGEST = 1_816_890
"""Ten seasons' visits: the largest number that a page of a centre's or the network's figures shows."""


async def broken_numbers(page: Page) -> list[str]:
    """The numbers that stand on more than one line."""
    return cast(list[str], await page.evaluate(_BROKEN_NUMBERS))


async def enlarge_numbers(page: Page, lang: str) -> None:
    """Writes `LARGEST` for every figure of the page, as this language writes it."""
    await page.evaluate(_ENLARGE, [lang, LARGEST])
