"""The review page in a real browser: click, scroll, keys, changed choices, no other address."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("trame_slicer", reason="the web viewer is not installed")
pytest.importorskip("selenium", reason="selenium is not installed")

from ReirradiationHeadless.offscreen import prepare_rendering
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

PACKAGES = Path(__file__).resolve().parents[3] / "ReirradiationPlanner"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 120
SIZE = (1366, 768)
VESSEL, PLEXUS = "A_Iliac_L", "SacralPlex_L"
REQUEST = "Network.requestWillBeSent"
PICTURES = ".picture img[src^=blob]"
SHOWN = (
    "[...document.querySelectorAll(arguments[0])].filter("
    "e => e.checkVisibility({visibilityProperty: true}))"
)


@contextmanager
def served(result, *options):
    """The program reviewing a result: its process and the lines it says."""
    command = [sys.executable, "-m", "ReirradiationHeadless", "review", str(result), *options]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said = queue.Queue()
    reader = threading.Thread(target=lambda: [said.put(line) for line in process.stdout])
    reader.start()
    try:
        yield process, said
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="module")
def address(demo_folder):
    missing = prepare_rendering()
    if missing:
        pytest.skip(missing.reason)
    with served(demo_folder / "result", "--port", "0") as (_process, said):
        yield said.get(timeout=PATIENCE_S).strip()


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    metrics = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
    found.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield found
    found.quit()


class Page:
    """The page as a person uses it."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, selector):
        return self.browser.find_element("css selector", selector)

    def text(self, selector):
        return self.find(selector).text

    def until(self, condition):
        return WebDriverWait(self.browser, PATIENCE_S, 0.02).until(lambda _browser: condition())

    def changed(self, selector, do):
        """Do something and wait for a text to change; the text after."""
        before = self.text(selector)
        do()
        self.until(lambda: self.text(selector) not in ("", before))
        return self.text(selector)

    def type(self, selector, value):
        """Type into a field and leave it."""
        field = self.find(selector)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value, Keys.TAB)

    def tab(self, key):
        self.find(f"#tab-{key}").click()
        self.until(lambda: self.browser.find_elements("css selector", f"#panel-{key}"))

    def verdict(self, structure):
        row = next(
            r
            for r in self.browser.find_elements("css selector", "table.limits tbody tr")
            if structure in r.text and "EQD2" in r.text
        )
        return row.find_element("css selector", ".verdict").text

    def pictures(self):
        return [src for src, _width in self.images()]

    def shown(self, selector):
        """Elements that can be seen."""
        return self.browser.execute_script(f"return {SHOWN}", selector)

    def images(self):
        """Address and width of the pictures that can be seen."""
        script = f"return {SHOWN}.map(image => [image.src, image.naturalWidth])"
        return self.browser.execute_script(script, PICTURES)

    def arrange(self, key):
        """Choose a layout and wait for its four pictures."""
        Select(self.find("#arrangement")).select_by_value(key)
        pair = ["ReirrLeftAxial", "ReirrRightAxial", "ReirrLeftCoronal", "ReirrRightCoronal"]
        names = ["Axial", "Coronal", "Sagittal", "ThreeD"] if key == "four" else pair
        wanted = [f"view-{name}" for name in names]
        self.until(lambda: [e.get_attribute("id") for e in self.shown(".view")] == wanted)
        self.until(lambda: [width > 100 for _src, width in self.images()] == [True] * 4)

    def errors(self):
        return [e["message"] for e in self.browser.get_log("browser") if "Error" in e["message"]]


@pytest.fixture(scope="module")
def opened(browser, address):
    browser.get(address)
    page = Page(browser)
    page.until(lambda: len(page.pictures()) == 4)
    page.until(lambda: page.text("#isotoxic"))  # what takes longer at the start is done
    return page


@pytest.fixture
def page(opened):
    if opened.find("#arrangement").get_attribute("value") != "four":
        opened.arrange("four")
    opened.tab("choices")
    if opened.find("#reset").is_enabled():
        opened.find("#reset").click()
        opened.until(lambda: not opened.find("#reset").is_enabled())
    opened.tab("limits")
    return opened


def test_address_is_of_this_computer_and_has_a_long_token(address):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32,}", address)


@pytest.mark.parametrize("path", ["", "index.html", "ws", "vue.global.js", "?token=wrong"])
def test_nothing_is_served_without_the_token(address, path):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.split("?")[0] + path, timeout=10)


def test_warning_and_draft_mark_are_on_the_screen(page):
    bottom = page.find("#warning").rect
    assert "qualified medical physicist" in page.text("#warning")
    assert bottom["y"] + bottom["height"] <= SIZE[1] + 1
    assert "REGISTRATION NOT APPROVED: prior-1" in page.text(".notice")
    assert len(page.shown(".mark")) == 3


def test_page_fits_a_small_screen_without_scrolling(page):
    script = "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    width, height = page.browser.execute_script(script)
    assert (width, height) <= SIZE


def test_click_into_a_view_moves_the_others_and_gives_the_doses_there(page):
    picture = page.find("#picture-Axial")
    click = ActionChains(page.browser).move_to_element_with_offset(picture, 25, -40).click()
    after = page.changed("#place-Coronal", click.perform)
    assert after.endswith("mm")
    page.until(lambda: "under the mouse" in page.text("#point"))
    assert "Gy" in page.text("#readout")


def test_wheel_and_arrow_keys_move_the_slice(page):
    picture = page.find("#picture-Axial")
    wheel = ActionChains(page.browser).scroll_from_origin(
        ScrollOrigin.from_element(picture), 0, 120
    )
    page.changed("#place-Axial", wheel.perform)
    before = page.text("#place-Axial")
    page.changed("#place-Axial", lambda: picture.send_keys(Keys.ARROW_UP))
    page.changed("#place-Axial", lambda: picture.send_keys(Keys.ARROW_DOWN))
    assert page.text("#place-Axial") == before


def test_another_map_changes_picture_and_legend(page):
    before = page.pictures()[0]
    Select(page.find("#map")).select_by_value("tolerance_percent")
    page.until(lambda: page.text(".legend b") == "% of limit")
    page.until(lambda: page.pictures()[0] != before)
    Select(page.find("#map")).select_by_value("cumulative_eqd2")
    page.until(lambda: page.text(".legend b") == "EQD2 (Gy)")


@pytest.fixture
def beside(page):
    """Prior beside planned course."""
    page.arrange("eqd2_prior-1")
    yield page
    page.arrange("four")


def test_views_side_by_side_move_together(beside):
    assert beside.text("#view-ReirrLeftAxial strong").startswith("Axial: EQD2, prior-1")
    assert beside.text("#view-ReirrRightAxial strong").startswith("Axial: EQD2, planned")
    left, right = "#place-ReirrLeftAxial", "#place-ReirrRightAxial"
    picture = beside.find("#picture-ReirrLeftAxial")
    origin = ScrollOrigin.from_element(picture)
    wheel = ActionChains(beside.browser).scroll_from_origin(origin, 0, 120)
    beside.changed(right, wheel.perform)
    beside.until(lambda: beside.text(left) == beside.text(right))
    other = beside.find("#picture-ReirrRightAxial")
    beside.changed(left, lambda: other.send_keys(Keys.PAGE_UP))
    beside.until(lambda: beside.text(left) == beside.text(right))
    click = ActionChains(beside.browser).move_to_element_with_offset(picture, 30, 20).click()
    beside.changed("#place-ReirrRightCoronal", click.perform)


DIFFERING = """
const pixels = image => { const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data };
const [one, other] = [...arguments].map(pixels); let count = 0;
for (let i = 0; i < one.length; i += 4)
  if (Math.abs(one[i] - other[i]) + Math.abs(one[i + 2] - other[i + 2]) > 24) count++;
return [one.length === other.length, count]
"""


def test_without_and_with_recovery_differ_where_an_organ_recovers(page):
    page.arrange("recovery")
    go(page, PLEXUS)
    pair = [page.find(f"#picture-Reirr{side}Axial img") for side in ("Left", "Right")]
    compare = partial(page.browser.execute_script, DIFFERING, *pair)
    page.until(lambda: compare()[1] > 10)
    assert compare()[0]
    assert len(page.shown(".legend b")) == 1
    page.arrange("four")


def go(page, structure):
    """Choose a structure in the table of limits."""
    links = page.browser.find_elements("css selector", "table.limits .link")
    next(link for link in links if link.text == structure).click()


def test_overlap_is_drawn_for_the_chosen_isodoses_and_none_below_zero_is_taken(page):
    Select(page.find("#map")).select_by_value("overlap_eqd2")
    page.until(lambda: page.shown("#overlap"))
    before = page.pictures()[0]
    page.type("#overlap_prior", "40")
    page.until(lambda: page.pictures()[0] != before)
    page.type("#overlap_planned", "-1")
    page.until(lambda: "needs doses above zero" in page.text("#message"))
    page.until(lambda: page.find("#overlap_planned").get_attribute("value") == "5")
    page.type("#overlap_prior", "5")
    page.until(lambda: not page.shown("#message"))
    Select(page.find("#map")).select_by_value("cumulative_eqd2")
    page.until(lambda: not page.shown("#overlap"))


def test_legend_of_the_tolerance_map_names_both_hatches(page):
    Select(page.find("#map")).select_by_value("tolerance_percent")
    page.until(lambda: page.text(".legend b") == "% of limit")
    texts = [element.text for element in page.shown(".legend small")]
    assert texts == ["hatched: not known", "dark hatch: over the limit"]
    Select(page.find("#map")).select_by_value("cumulative_eqd2")
    page.until(lambda: page.text(".legend b") == "EQD2 (Gy)")


def test_mouse_and_keys_are_explained_on_request(page):
    assert not page.shown("#help_text")
    page.find("#help").send_keys(Keys.ENTER)
    page.until(lambda: page.shown("#help_text"))
    page.find("#help").click()
    page.until(lambda: not page.shown("#help_text"))


def test_less_planned_dose_turns_fail_into_pass_and_the_stale_map_is_marked(page, demo_results):
    rows = [row for row in demo_results["constraints"] if row["structure"] == VESSEL]
    (saved,) = [row["value"] for row in rows if row["verdict"] == "FAIL"]
    assert page.verdict(VESSEL) == "FAIL"
    marked = (
        "window.seen = false; new MutationObserver(() => { window.seen = window.seen || "
        "!!document.querySelector('.stale-mark') }).observe(document.body, "
        "{childList: true, subtree: true})"
    )
    page.browser.execute_script(marked)
    page.tab("choices")
    page.type("#scale", "0.8")
    page.tab("limits")
    page.until(lambda: page.verdict(VESSEL) == "PASS")
    assert f"saved: {saved:.1f} Gy FAIL" in page.text("table.limits")
    assert "planned dose multiplied by 0.8" in page.text("#what_if")
    page.until(lambda: page.browser.execute_script("return window.seen"))
    page.until(lambda: not page.browser.find_elements("css selector", ".stale-mark"))


def test_alpha_beta_gives_a_what_if_verdict_at_once(page):
    page.tab("choices")
    page.type(f"#alpha-beta-{VESSEL}", "10")
    page.tab("limits")
    page.until(lambda: "at your α/β 10" in page.text("table.limits"))  # noqa: RUF001
    assert page.verdict(VESSEL) == "FAIL"
    assert "PASS, what-if" in page.text("table.limits")


def test_organ_is_reached_by_keyboard_and_its_histogram_is_drawn(page):
    link = next(
        e for e in page.browser.find_elements("css selector", "table.limits .link")
        if e.text == "Bladder"
    )  # fmt: skip
    page.changed("#place-Axial", lambda: link.send_keys(Keys.ENTER))
    page.tab("dvh")
    page.until(lambda: "Bladder" in page.text("#dvh"))
    assert page.find("#dvh svg").get_attribute("aria-label").startswith("Dose-volume histogram")


def test_every_field_has_a_name_for_screen_readers(page):
    script = """return [...document.querySelectorAll('input, select, button')].filter(e =>
      !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.textContent.trim()
      ).map(e => e.outerHTML)"""
    nameless = []
    for key in ("limits", "dvh", "choices", "structures", "changed"):
        page.tab(key)
        nameless += page.browser.execute_script(script)
    assert nameless == []


def test_nothing_was_asked_of_any_other_address(page, address):
    messages = (json.loads(e["message"])["message"] for e in page.browser.get_log("performance"))
    asked = {
        m["params"]["request"]["url"]
        for m in messages
        if m["method"] == "Network.requestWillBeSent"
    }
    own = address.split("?")[0]
    assert asked
    assert {url for url in asked if not url.startswith((own, "blob:", "data:"))} == set()
    assert page.errors() == []


def test_arrow_keys_go_round_the_tabs_and_only_one_is_in_the_tab_order(page):
    page.find("#tab-limits").send_keys(Keys.ARROW_RIGHT)
    page.until(lambda: page.browser.find_elements("css selector", "#panel-dvh"))
    assert page.browser.switch_to.active_element.get_attribute("id") == "tab-dvh"
    page.find("#tab-dvh").send_keys(Keys.HOME)
    page.until(lambda: page.browser.find_elements("css selector", "#panel-limits"))
    page.find("#tab-limits").send_keys(Keys.ARROW_LEFT)
    page.until(lambda: page.browser.find_elements("css selector", "#panel-changed"))
    reachable = page.browser.find_elements("css selector", "[role=tab][tabindex='0']")
    assert [tab.get_attribute("id") for tab in reachable] == ["tab-changed"]


def test_another_host_is_announced_loudly_and_ctrl_c_stops_the_program_cleanly(demo_folder):
    with served(demo_folder / "result", "--host", "0.0.0.0") as (process, said):
        assert said.get(timeout=PATIENCE_S).startswith("OPEN TO THE NETWORK")
        said.get(timeout=PATIENCE_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_S) == 0
        assert "Traceback" not in process.stderr.read()
