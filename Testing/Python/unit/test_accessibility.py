"""axe-core finds nothing to complain about in the report, in a browser.

Needs a Chromium, Chrome or Edge on the PATH and the file axe.min.js of the npm package axe-core,
named by the environment variable REIRRADIATION_AXE; else it is skipped and says so. The checks of
test_report.py (contrast, table headers, texts of pictures) always run.
"""

import json
import os
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest
import report_example
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.report import render_report
from ReirradiationHeadless.pdf import find_browser

RUN = """<script>axe.run(document).then(function (found) {
  var pre = document.createElement("pre");
  pre.id = "found";
  pre.textContent = JSON.stringify({passes: found.passes.length, violations: found.violations.map(
    function (v) { return v.id + ": " + v.nodes[0].html; })});
  document.body.append(pre);
})</script>"""


@pytest.fixture(scope="module")
def axe():
    named = os.environ.get("REIRRADIATION_AXE", "")
    if not named or not Path(named).is_file():
        pytest.skip("REIRRADIATION_AXE does not name axe.min.js of axe-core")
    return Path(named).read_text(encoding="utf-8").replace("</script", "<\\/script")


@pytest.fixture(scope="module")
def browser():
    try:
        return find_browser()
    except RefusedError as error:
        pytest.skip(str(error))


def found_by(axe, browser, page, folder):
    path = folder / "report.html"
    script = f"<script>{axe}</script>{RUN}</body>"
    path.write_text(page.replace("</body>", script), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000"]
    command = [browser, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(unescape(re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)[1]))


def test_axe_finds_no_violation(axe, browser, tmp_path):
    found = found_by(axe, browser, render_report(report_example.report_data()), tmp_path)
    assert found["violations"] == []
    assert found["passes"] > 20


def test_axe_would_find_a_picture_without_text(axe, browser, tmp_path):
    page = re.sub(r' alt="[^"]*"', "", render_report(report_example.report_data()))
    found = found_by(axe, browser, page, tmp_path)
    assert any(line.startswith("image-alt") for line in found["violations"])
