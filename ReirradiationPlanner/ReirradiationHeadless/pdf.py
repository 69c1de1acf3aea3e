"""The report as PDF, printed by a browser that is installed anyway."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ReirradiationCore.errors import RefusedError

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
SECONDS = 120
FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-pdf-header-footer",
)  # fmt: skip


def find_browser() -> str:
    """Return the program that prints.

    Raises
    ------
    RefusedError
        None of the browsers is installed.
    """
    found = (shutil.which(name) for name in BROWSERS)
    browser = next((path for path in found if path), None)
    if browser is None:
        reason = (
            "--pdf needs Chromium, Chrome or Edge and none is found on the PATH; install one, or "
            "open report.html and print it"
        )
        raise RefusedError(reason)
    return browser


def write_pdf(browser: str, page: Path, pdf: Path) -> None:
    """Print a page to a PDF file.

    Raises
    ------
    RefusedError
        The browser failed or made no file.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={pdf}"]
        said = _run([*command, page.resolve().as_uri()])
        if not pdf.exists() and "sandbox" in said:  # as root and in containers
            said = _run([*command, "--no-sandbox", page.resolve().as_uri()])
    if not pdf.exists():
        last = said.strip().splitlines()[-1] if said.strip() else "it said nothing"
        reason = f"{browser} did not print {page.name} ({last}); open it and print it by hand"
        raise RefusedError(reason)


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS} s"
    except OSError as error:
        return str(error)
    return done.stderr
