"""The report is printed where a browser is installed; where none is, the option is refused."""

import pytest
from ReirradiationCore.errors import RefusedError
from ReirradiationHeadless import pdf
from ReirradiationHeadless.cli import main


@pytest.fixture
def no_browser(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda _name: None)


def test_without_a_browser_the_option_is_refused_before_anything_is_computed(
    no_browser, tmp_path, capsys
):
    folder = str(tmp_path / "in")
    arguments = ["evaluate", folder, "--output", str(tmp_path / "out"), "--pdf", "--quiet"]
    assert main(arguments) == 2
    assert "needs Chromium, Chrome or Edge" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["refused.json"]


@pytest.mark.parametrize("name", ["google-chrome", "msedge"])
def test_the_usual_names_of_browsers_are_looked_for(monkeypatch, name):
    monkeypatch.setattr(pdf.shutil, "which", lambda asked: f"/x/{name}" if asked == name else None)
    assert pdf.find_browser() == f"/x/{name}"


def test_a_browser_that_makes_no_file_is_told_with_its_last_line(monkeypatch, tmp_path):
    monkeypatch.setattr(pdf, "_run", lambda _command: "first\ncannot open display")
    with pytest.raises(RefusedError, match=r"did not print report.html \(cannot open display\)"):
        pdf.write_pdf("browser", tmp_path / "report.html", tmp_path / "report.pdf")


def test_a_program_that_cannot_be_started_is_told(tmp_path):
    with pytest.raises(RefusedError, match="did not print"):
        pdf.write_pdf(str(tmp_path / "none"), tmp_path / "report.html", tmp_path / "report.pdf")


def test_a_page_becomes_a_pdf(tmp_path):
    try:
        browser = pdf.find_browser()
    except RefusedError as error:
        pytest.skip(str(error))
    page = tmp_path / "report with space.html"
    page.write_text("<!DOCTYPE html><title>a</title><p>one page</p>", encoding="utf-8")
    pdf.write_pdf(browser, page, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
