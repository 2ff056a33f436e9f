"""The page of a summary in a real browser: its figures, its controls, and its security."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright
from support.command import METRICS, lines, run
from support.diagrams import FIXTURES, MODELER, NAMESPACES, copy_fixtures, process
from support.reports import shown_platform

from metrics.commands.summary import INSTALL_REPORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, FloatRect, Locator, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
USER_TASKS = "diagramMetrics.tasks.userTask.count"
EMBEDDED = "diagramMetrics.tasks.userTask.form.embedded"
SCRIPT = (
    "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
)

needs_a_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures, failures, identical files, and names that look like markup."""
    folder = tmp_path_factory.mktemp("models")
    copy_fixtures(folder)
    platform = SCRIPT.replace("<", "&lt;").replace('"', "&quot;")
    namespaces = f'{NAMESPACES} xmlns:modeler="{MODELER}" modeler:executionPlatform="{platform}"'
    markup = folder / SCRIPT.replace("/", "")
    markup.mkdir()
    (markup / "<b>&amp;\u00e9\U0001f600{{ 1 }}.bpmn").write_bytes(
        process("", namespaces=namespaces)
    )
    (markup / "<b>&amp;\u00e9\U0001f600{{ 2 }}.bpmn").write_bytes(b"<")
    (folder / "copy.form").write_bytes(b"{}")
    (folder / "copy 2.form").write_bytes(b"{}")
    return folder


@pytest.fixture(scope="module")
def report(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page for the folder."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    result = run("summary", "-f", "html", "--by", "folder", "-o", path, folder)
    assert (result.returncode, result.stdout) == (2, b"")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if ROOT else []
        browser = playwright.chromium.launch(executable_path=BROWSER, args=options)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Page]:
    """The page in both colour schemes, opened offline: it must request nothing else."""
    context = browser.new_context(color_scheme=request.param, offline=True)
    page = context.new_page()
    faults: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda sent: requests.append(sent.url))
    page.goto(report.as_uri())
    yield page
    assert page.title() != "run"
    assert faults == []
    assert requests == [report.as_uri()]
    context.close()


@pytest.fixture(scope="module")
def records(folder: Path) -> list[dict[str, Any]]:
    """The lines of a scan of the folder, without failures."""
    return [line for line in lines(run("scan", folder)) if "error" not in line]


def user_tasks(record: dict[str, Any]) -> int | None:
    """The user tasks of a line; None if it cannot have any."""
    metrics = record.get("diagramMetrics")
    return None if metrics is None else int(metrics["tasks"]["userTask"]["count"])


def number(text: str | None) -> int:
    """The value of a number that is formatted for people."""
    return int((text or "").replace(",", ""))


def shown(page: Page) -> list[str]:
    """The files in the table, by their full paths."""
    cells = page.locator("#table tbody th")
    titles: list[str] = cells.evaluate_all("cells => cells.map(cell => cell.title)")
    return titles


def field(page: Page, label: str) -> Locator:
    """A field of the filters."""
    return page.locator("#filters").get_by_label(label)


def head(page: Page, metric: str, name: str) -> Locator:
    """The head of the column of a number."""
    return page.locator(f'#table thead th[title="{metric}"]', has_text=name)


def box(located: Locator) -> FloatRect:
    """The position and size of an element, in pixels."""
    area = located.bounding_box()
    assert area is not None
    return area


def sides(located: Locator) -> tuple[float, float]:
    """The left and right edges of an element, in pixels."""
    area = box(located)
    return area["x"], area["x"] + area["width"]


@needs_a_browser
class TestPage:
    """It shows the numbers of the JSON, and its controls work."""

    def test_figures(self, page: Page, folder: Path, records: list[dict[str, Any]]) -> None:
        summary = json.loads(run("summary", "-f", "json", folder).stdout)
        figures = {
            figure.get_attribute("data-figure"): number(
                figure.evaluate("element => element.firstChild.textContent")
            )
            for figure in page.locator("[data-figure]").all()
        }
        assert figures == {
            "measured": summary["measured"],
            "failed": summary["failed"],
            **{f"diagramTypes.{kind}": times for kind, times in summary["diagramTypes"].items()},
            **{
                key: summary["numbers"][key]["sum"]
                for key in (
                    "elementTemplateCount",
                    "diagramMetrics.processVariablesCount",
                    USER_TASKS,
                    "diagramMetrics.tasks.serviceTask.count",
                    "diagramMetrics.subprocessPlanes.count",
                )
            },
            "copies.diagrams": summary["copies"]["diagrams"],
        }
        for row in page.locator("[data-number]").all():
            expected = summary["numbers"][row.get_attribute("data-number") or ""]
            cells = [cell.text_content() or "" for cell in row.locator("td").all()]
            assert [number(cell) for cell in cells[2:3]] == [expected["notZero"]]
            assert cells[3:] == [
                f"{expected[name]:,}" for name in ("median", "percentile90", "maximum")
            ]
            assert cells[1] == (f"{expected['share']:.1%}" if "share" in expected else "")
            if cells[0]:
                assert number(cells[0]) == expected["sum"]
        assert page.locator("[data-number]").count() == len(summary["numbers"])
        platforms = {
            row.get_attribute("data-platform"): number(row.locator("td").first.text_content())
            for row in page.locator("[data-platform]").all()
        }
        assert platforms == Counter(map(shown_platform, records))

    def test_charts_are_described_in_words(self, page: Page, folder: Path) -> None:
        summary = json.loads(run("summary", "-f", "json", folder).stdout)
        chart = page.get_by_role("img", name="User tasks by kind of form")
        words = chart.get_attribute("aria-label") or ""
        embedded = summary["numbers"][EMBEDDED]
        assert f"embedded: {embedded['sum']} · {embedded['share']:.1%}" in words
        assert f"{embedded['sum']} · {embedded['share']:.1%}" in (chart.text_content() or "")
        for figure in page.locator("figure").all():
            box, drawn = figure.bounding_box(), figure.locator("svg").bounding_box()
            assert box is not None
            assert drawn is not None
            assert drawn["x"] >= box["x"]
            assert drawn["x"] + drawn["width"] <= box["x"] + box["width"]

    def test_failures(self, page: Page, folder: Path) -> None:
        (failed,) = [line for line in lines(run("scan", folder)) if "error" in line]
        row = page.locator("#failures tbody tr")
        expect(row).to_have_count(1)
        cells = [cell.text_content() for cell in row.locator("th, td").all()]
        error = failed["error"]
        assert cells == [failed["file"], error["type"], str(error["line"]), error["message"]]

    def test_groups(self, page: Page, folder: Path) -> None:
        summary = json.loads(run("summary", "-f", "json", "--by", "folder", folder).stdout)
        shown_groups = {
            row.locator("th").text_content(): number(row.locator("td").first.text_content())
            for row in page.locator("#groups tbody tr").all()
        }
        assert shown_groups == {
            name: group["diagrams"] for name, group in summary["groups"].items()
        }
        total = page.locator("#groups tfoot tr")
        assert total.locator("th").text_content() == "Total"
        assert number(total.locator("td").first.text_content()) == summary["diagrams"]

    def test_sorting(self, page: Page, records: list[dict[str, Any]]) -> None:
        page.locator("#size").select_option("1000")
        files = [record["file"] for record in records]
        assert shown(page) == files
        column = head(page, USER_TASKS, "count")
        expect(column).not_to_have_attribute("aria-sort", "descending")
        column.get_by_role("button").click()
        expect(column).to_have_attribute("aria-sort", "descending")
        having = [record for record in records if user_tasks(record) is not None]
        others = [record["file"] for record in records if user_tasks(record) is None]
        most_first = sorted(having, key=lambda record: -(user_tasks(record) or 0))
        assert shown(page) == [record["file"] for record in most_first] + others
        # By the keyboard, in the other direction.
        column.get_by_role("button").press("Enter")
        expect(column).to_have_attribute("aria-sort", "ascending")
        fewest_first = sorted(having, key=lambda record: user_tasks(record) or 0)
        assert shown(page) == [record["file"] for record in fewest_first] + others
        page.get_by_role("button", name="Type").press("Space")
        expect(column).not_to_have_attribute("aria-sort", "ascending")
        by_type = sorted(records, key=lambda record: str(record["diagramType"]))
        assert shown(page) == [record["file"] for record in by_type]

    def test_filtering(self, page: Page, records: list[dict[str, Any]]) -> None:
        page.locator("#size").select_option("1000")
        field(page, "Type").select_option("bpmn")
        field(page, "With").select_option(EMBEDDED)
        field(page, "Name contains").fill("USER_TASKS key")
        expected = [
            record["file"]
            for record in records
            if record["diagramType"] == "bpmn"
            and record["diagramMetrics"]["tasks"]["userTask"]["form"].get("embedded")
            and "user_tasks" in record["file"]
            and "key" in record["file"]
        ]
        expect(head(page, EMBEDDED, "embedded")).to_have_attribute("aria-sort", "descending")
        assert sorted(shown(page)) == expected != []
        status = page.get_by_role("status")
        expect(status).to_contain_text(f"1 to {len(expected)} of {len(expected)} diagrams found")
        field(page, "Name contains").fill("nothing has this name")
        expect(status).to_have_text("No diagrams match.")
        page.get_by_role("button", name="Clear").click()
        expect(page.locator("#table tbody tr")).to_have_count(len(records))
        field(page, "Version").select_option("none")
        assert shown(page) == [
            record["file"] for record in records if record.get("executionPlatformVersion") is None
        ]
        field(page, "Version").select_option("")
        field(page, "Platform").select_option("=Zeebe")
        assert shown(page) == [
            record["file"] for record in records if record["executionPlatform"] == "Zeebe"
        ]

    def test_sorting_groups(self, page: Page, folder: Path) -> None:
        groups = json.loads(run("summary", "-f", "json", "--by", "folder", folder).stdout)["groups"]
        rows = page.locator("#sorted-groups tbody th")
        assert rows.all_text_contents() == [*groups]
        column = page.locator("#sorted-groups thead th", has_text="User tasks").first
        for order in ("descending", "ascending"):
            column.get_by_role("button").click()
            expect(column).to_have_attribute("aria-sort", order)
            sums = [groups[name]["numbers"][USER_TASKS]["sum"] for name in rows.all_text_contents()]
            assert sums == sorted(sums, reverse=order == "descending")
            assert len(sums) == len(groups)
            assert sums[0] != sums[-1]

    @pytest.mark.parametrize("width", [400, 800, 1300])
    def test_filtered_number_is_visible(self, page: Page, width: int) -> None:
        page.set_viewport_size({"width": width, "height": 700})
        names = page.locator("#table thead tr:last-child th").first
        for option in field(page, "With").locator("option").all()[1:]:
            key = option.get_attribute("value") or ""
            field(page, "With").select_option(key)
            left, right = sides(page.locator(f'#table thead th[title="{key}"]'))
            assert left >= sides(names)[1] - 1
            assert right <= sides(page.locator("#frame"))[1] + 1

    def test_focused_button_is_visible(self, page: Page) -> None:
        names = page.locator("#table thead tr:last-child th").first
        buttons = page.locator("#table thead button").all()
        buttons[-1].focus()
        for button in reversed(buttons[4:-1]):
            page.keyboard.press("Shift+Tab")
            expect(button).to_be_focused()
            assert sides(button)[0] >= sides(names)[1] - 1

    def test_click_at_the_edge_of_the_frame(self, page: Page) -> None:
        button = page.locator("#table thead button").nth(14)
        page.locator("#frame").scroll_into_view_if_needed()
        position = page.evaluate(
            """button => {
                const frame = document.getElementById("frame");
                const edge = frame.getBoundingClientRect().left + frame.clientWidth;
                const { left, width } = button.getBoundingClientRect();
                frame.scrollLeft = Math.round(left + 0.6 * width - edge);
                const { top, bottom } = button.getBoundingClientRect();
                return [edge - 5, (top + bottom) / 2];
            }""",
            button.element_handle(),
        )
        page.mouse.move(*position)
        page.mouse.down()
        page.wait_for_timeout(60)
        page.mouse.up()
        expect(page.locator('#table thead th[aria-sort="descending"] button')).to_have_text(
            button.text_content() or ""
        )

    def test_head_of_the_table_stays_visible(self, page: Page) -> None:
        page.locator("#frame").evaluate("frame => { frame.scrollTop = frame.scrollHeight; }")
        tops = [box(page.locator(name))["y"] for name in ("#table thead", "#frame")]
        assert tops[0] == pytest.approx(tops[1], abs=1)
        page.get_by_role("button", name="Next").click()
        assert page.locator("#frame").evaluate("frame => frame.scrollTop") == 0

    def test_pages(self, page: Page, records: list[dict[str, Any]]) -> None:
        files = [record["file"] for record in records]
        previous, following = (
            page.get_by_role("button", name=name) for name in ("Previous", "Next")
        )
        expect(previous).to_be_disabled()
        assert shown(page) == files[:50]
        following.click()
        assert shown(page) == files[50:100]
        previous.click()
        assert shown(page) == files[:50]
        for _ in range((len(files) - 1) // 50):
            following.click()
        expect(following).to_be_disabled()
        assert shown(page) == files[(len(files) - 1) // 50 * 50 :]

    def test_keyboard(self, page: Page) -> None:
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(field(page, "Name contains")).to_be_focused()

    def test_accessible(self, page: Page) -> None:
        page.locator("details").first.click()
        axe = resources.files("axe_playwright_python").joinpath("axe.min.js")
        page.evaluate(axe.read_text("utf-8"))
        assert page.evaluate("async () => (await axe.run()).violations") == []

    def test_narrow(self, page: Page) -> None:
        page.set_viewport_size({"width": 360, "height": 700})
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360

    def test_print(self, page: Page) -> None:
        page.emulate_media(media="print")
        expect(page.locator("#filters")).to_be_hidden()
        expect(page.locator("#table tbody tr").first).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0
        if BROWSER is not None:
            assert page.pdf().startswith(b"%PDF")


def test_closed_standard_input(folder: Path, report: Path) -> None:
    command = 'exec "$@" <&-'
    printed = subprocess.run(
        ["sh", "-c", command, "sh", METRICS, "summary", "-f", "html", "--by", "folder", folder],
        stdout=subprocess.PIPE,
        check=False,
    )
    assert printed.returncode == 2
    assert printed.stdout == report.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs limits of a process")
def test_too_few_descriptors_for_the_charts() -> None:
    command = 'ulimit -n 8; exec "$@"'
    result = subprocess.run(
        ["sh", "-c", command, "sh", METRICS, "summary", "-f", "html", FIXTURES / "explanation"],
        capture_output=True,
        check=False,
    )
    assert result.returncode == 2
    assert b"Traceback" not in result.stderr
    assert b"Error: cannot write the output: " in result.stderr


@pytest.mark.slow
def test_many_versions() -> None:
    printed = "\n".join(
        json.dumps(
            {
                "file": "a.form",
                "diagramType": "form",
                "executionPlatform": "P",
                "executionPlatformVersion": str(number),
            }
        )
        for number in range(10_010)
    )
    page = run("summary", "-f", "html", "-", stdin=printed.encode()).stdout.decode()
    _, _, data = page.partition('<script type="application/json" id="data">')
    profiles = json.loads(data.partition("</script>")[0])["table"]["profiles"]
    assert [profile["version"] for profile in profiles[:-1]] == [*map(str, range(10_000))]
    assert (profiles[-1]["platform"], profiles[-1]["version"]) == ("(others)", "(others)")


def test_same_bytes_each_time(report: Path, folder: Path) -> None:
    again = run("summary", "-f", "html", "--by", "folder", folder).stdout
    assert report.read_bytes() == again


def test_page_needs_no_server(report: Path) -> None:
    page = report.read_text("utf-8")
    assert "Content-Security-Policy" in page
    addresses = {part.split('"')[0] for part in page.split("http")[1:]}
    # The namespaces of SVG.
    assert {address for address in addresses if not address.startswith("-")} == {
        "://www.w3.org/2000/svg",
        "://www.w3.org/1999/xlink",
    }


@pytest.mark.slow
def test_size(tmp_path: Path) -> None:
    record = json.loads(
        run("scan", "-f", "ndjson", FIXTURES / "explanation" / "every_number.bpmn").stdout
    )
    printed = []
    for number in range(5000):
        record["file"] = (
            f"services/department-{number // 400}/team-{number // 40}/process-models/src/main"
            f"/resources/order-handling-{number * 7919 % 5000}-of-{number}.bpmn"
        )
        record["diagramMetrics"]["processVariablesCount"] = number % 31
        record["executionPlatformVersion"] = f"7.{number % 23}.0"
        printed.append(json.dumps(record))
    page = run("summary", "-f", "html", "-", stdin="\n".join(printed).encode()).stdout
    assert b"1 to 50" not in page
    assert page.count(b"\n[") == 5000 - 1
    assert len(page) < 1_000_000


def test_nothing(tmp_path: Path) -> None:
    result = run("summary", "-f", "html", ".", cwd=tmp_path)
    assert result.returncode == 0
    assert b"There is nothing to show." in result.stdout


def test_packages_to_install_are_those_of_the_extra() -> None:
    project = tomllib.loads((FIXTURES.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    packages = [name.partition(">")[0] for name in project["optional-dependencies"]["report"]]
    assert f"pip install {' '.join(packages)}" == INSTALL_REPORT


@pytest.mark.slow
@pytest.mark.parametrize("package", ["jinja2", "vl_convert"])
def test_without_the_packages(tmp_path: Path, package: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None; from metrics.__main__ import main; main()"
    )
    arguments = ["summary", "-f", "html", "-o", "report.html", "."]
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=tmp_path, capture_output=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode() == (
        f"Error: --format html needs the module {package}: pip install jinja2 vl-convert-python\n"
    )
    assert not (tmp_path / "report.html").exists()
    # The other formats do not need them.
    others = [str(METRICS), "summary", "-f", "json", str(tmp_path)]
    trace = subprocess.run(
        others, env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True, check=True
    )
    assert package.encode() not in trace.stderr
