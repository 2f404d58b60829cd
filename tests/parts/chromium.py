"""The system's Chromium, driven by Playwright: without windows where Debian's headless shell is installed."""

import functools
import re
import subprocess

from playwright.async_api import Browser, Playwright

from tests.parts.process import executable

FLAGS = (
    "--no-sandbox",  # as root and in containers there is none
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The browser's executable."""
    return executable(
        "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
    )


@functools.cache
def version() -> str | None:
    """The browser's version; None if there is none."""
    found = find()
    if found is None:
        return None
    output = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+(\.\d+)+", output)
    return number[0] if number else None


async def launch(playwright: Playwright) -> Browser:
    """Start a browser; close it afterwards."""
    return await playwright.chromium.launch(executable_path=find(), args=FLAGS)
