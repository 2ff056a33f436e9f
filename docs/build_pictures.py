"""Creates the pictures in the documentation: terminals and the HTML report.

    python docs/build_pictures.py

The pictures show the test fixtures. A test compares the terminals with the current output. The
pictures of the report need Chromium and are checked by eye.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parent
PICTURES = HERE / "pictures"
METRICS = Path(sys.executable).with_name("metrics")

COLUMNS: Final = 112
MAX_LINES: Final = 62
TERMINALS: Final = {
    "explain": "metrics explain tests/fixtures/explanation/every_number.bpmn",
    "summary": "metrics summary --by platform tests/fixtures",
}
"""The command that each picture of a terminal shows, by the name of the picture."""

REPORT: Final = "metrics summary --format html --output report.html tests/fixtures"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH, HEIGHT = 1280, 1000


def terminal(command: str) -> str:
    """An SVG of a terminal with a command and its output, in the fonts of the reader."""
    program, *arguments = shlex.split(command)
    result = subprocess.run(
        [METRICS.with_name(program), *arguments],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    lines = result.stdout.decode().splitlines()
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], "…"]
    with open(os.devnull, "w") as null:
        console = Console(record=True, width=COLUMNS, file=null, force_terminal=True)
        console.print(Text(f"$ {command}", "bold"))
        for line in lines:
            console.print(Text.from_ansi(line), overflow="ellipsis", no_wrap=True)
        svg = console.export_svg(title="", unique_id="metrics")
    # The named fonts would be fetched from a server.
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def files() -> dict[Path, str]:
    """The pictures of terminals, by their paths."""
    return {PICTURES / f"{name}.svg": terminal(command) for name, command in TERMINALS.items()}


def photograph_report() -> None:
    """Take pictures of the report in both colour schemes, and of its table."""
    from playwright.sync_api import sync_playwright

    browser_path = next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        page_path = Path(scratch) / "report.html"
        program, *arguments = shlex.split(REPORT.replace("report.html", str(page_path)))
        subprocess.run([METRICS.with_name(program), *arguments], cwd=ROOT, check=True)
        options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=browser_path, args=options)
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            page.goto(page_path.as_uri())
            page.screenshot(path=PICTURES / f"report-{scheme}.png")
            if scheme == "light":
                page.locator('#filters [name="number"]').select_option(
                    "diagramMetrics.tasks.userTask.form.embedded"
                )
                page.locator("#table thead button", has_text="embedded").click()
                page.locator("#diagrams").evaluate("section => section.scrollIntoView()")
                page.locator("#table").evaluate("table => table.parentElement.scrollTo(0, 0)")
                page.screenshot(path=PICTURES / "report-table.png")
        browser.close()


def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    for path, drawing in files().items():
        path.write_text(drawing, encoding="utf-8")
    photograph_report()


if __name__ == "__main__":
    main()
