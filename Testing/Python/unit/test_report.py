"""The report says what results.json says, in valid HTML that needs nothing beside it."""

import copy
import re
from html.parser import HTMLParser

import pytest
import report_example
from ReirradiationCore.report import Picture, ReportData, render_report, write_report
from ReirradiationCore.report.style import CSS, style_sheet
from ReirradiationCore.report.verdicts import VERDICTS, verdict
from ReirradiationCore.warning import WARNING

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Elements of a page: refuses unbalanced tags, collects tables, texts and numbers."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tables, self.tags, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append({"caption": "", "rows": []})
        if tag == "tr":
            self.tables[-1]["rows"].append([])
        if tag in ("th", "td"):
            self.tables[-1]["rows"][-1].append({"tag": tag, "text": "", "numbers": []})
        if tag == "data":
            number = float(dict(attrs)["value"])
            if "table" in self.open:
                self.tables[-1]["rows"][-1][-1]["numbers"].append(number)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "caption" in self.open:
            self.tables[-1]["caption"] += data
        elif "td" in self.open or "th" in self.open:
            self.tables[-1]["rows"][-1][-1]["text"] += data

    def table(self, caption):
        return next(t["rows"] for t in self.tables if t["caption"].startswith(caption))

    def row(self, caption, name, column=0):
        return next(r for r in self.table(caption)[1:] if r[column]["text"].startswith(name))

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def a_page():
    return Page(render_report(report_example.report_data()))


def page_of(results, **more):
    return Page(render_report(ReportData(results, **more)))


def cells(row, *columns):
    return [row[c]["numbers"][0] if row[c]["numbers"] else None for c in columns]


def test_every_number_of_the_limits_equals_the_results(a_page):
    for name, _, prior, planned, plain, cumulative, limit, word in report_example.ORGANS:
        row = a_page.row("Limits of", name)
        assert cells(row, 2, 3, 4, 5, 6) == [prior, planned, plain, cumulative, limit]
        margin = None if cumulative is None else limit - cumulative
        assert cells(row, 7) == [margin]
        assert row[8]["text"].startswith(word)


def test_every_number_of_the_doses_equals_the_results(a_page):
    for name, _, prior, planned, plain, cumulative, _, _ in report_example.ORGANS:
        row = a_page.row("EQD2 of all", name)
        assert cells(row, 2, 3, 4, 5) == [prior, planned, plain, cumulative]
        assert row[6]["numbers"] == [12.4, -33.1, 104.9]


def test_every_number_of_the_models_equals_the_results(a_page):
    for name, volume, *_ in report_example.ORGANS:
        row = a_page.row("Model of", name)
        assert cells(row, 3, 4, 5) == [volume, 3.0, 0.33]
        assert row[7]["numbers"] == [1.0, 1.0]


def test_courses_show_delivered_fractions_prescription_and_interval(a_page):
    row = a_page.row("Courses", "prior-1")
    assert row[3]["text"] == "36 of 37"
    assert cells(row, 2, 4, 6) == [74.0, 2.0, 31.4]
    assert row[5]["text"].startswith("2021-03-01 to 2021-04-22")


def test_registration_quality_equals_the_results(a_page):
    row = a_page.row("Agreement", "Rectum")
    assert cells(row, 1, 2, 3) == [0.742, 3.61, 9.93]
    assert row[9]["text"] == "FAIL"


def test_isotoxic_answer_is_given_with_its_limiting_organ(a_page):
    assert cells(a_page.row("Largest prescription", "Bowel_Small"), 2) == [29.31]
    assert "Limited by Bowel_Small D0.1cc" in a_page.text


def test_source_of_each_limit_stands_beside_it(a_page):
    row = a_page.row("Source of each limit", "Bladder D0.1cc")
    assert cells(row, 1) == [110.0]
    assert row[2]["text"] == "Invented, Journal of Examples 2025"


def test_rounded_numbers_are_shown_with_units(a_page):
    row = a_page.row("Limits of", "Bowel_Small")
    assert row[5]["text"] == "77.1\N{NO-BREAK SPACE}Gy[75.8 to 79.3]"
    assert row[7]["text"] == "\N{MINUS SIGN}2.1\N{NO-BREAK SPACE}Gy"


def test_a_value_close_to_its_limit_gets_a_second_decimal():
    results = report_example.results()
    results["constraints"][2].update(value=110.04, margin=-0.04, verdict="FAIL")
    row = page_of(results).row("Limits of", "Rectum")
    assert row[5]["text"].startswith("110.04")
    assert row[7]["text"].startswith("\N{MINUS SIGN}0.04")


def test_most_urgent_limit_stands_first(a_page):
    verdicts = [row[8]["text"] for row in a_page.table("Limits of")[1:]]
    assert [v.split("12.5")[0] for v in verdicts] == [
        "FAIL", "MARGINAL", "NOT EVALUABLE", "PASS", "PASS",
    ]  # fmt: skip


def test_doses_of_another_alpha_beta_do_not_stand_beside_a_limit():
    results = report_example.results()
    results["constraints"][2]["alpha_beta_gy"] = 2.5
    assert cells(page_of(results).row("Limits of", "Rectum"), 2, 3) == [None, None]
    results["constraints"][2]["course_values"] = {"prior-1": 71.0, "planned": 13.0}
    assert cells(page_of(results).row("Limits of", "Rectum"), 2, 3) == [71.0, 13.0]


def test_limit_of_the_planned_course_alone_that_holds_has_a_table_of_its_own(a_page):
    row = a_page.row("Limits of single courses", "Rectum")
    assert "planned course alone" in row[1]["text"]
    assert cells(row, 2, 3, 4) == [12.41, 38.0, 38.0 - 12.41]
    assert "1 of 1 limits of single courses hold" in a_page.text


def test_limit_of_the_planned_course_alone_that_fails_stands_on_the_first_page():
    results = report_example.results()
    results["constraints"][-1].update(verdict="FAIL", value=40.0, margin=-2.0)
    row = next(r for r in page_of(results).table("Limits of")[1:] if "alone" in r[1]["text"])
    assert cells(row, 2, 3, 4, 5, 6) == [None, 40.0, None, None, 38.0]


@pytest.mark.parametrize(
    ("word", "look"),
    [
        ("PASS", "pass"),
        ("MARGINAL", "marginal"),
        ("FAIL", "fail"),
        ("NOT EVALUABLE", "unknown"),
        ("SOMETHING ELSE", "unknown"),
    ],
)
def test_only_a_pass_is_green(word, look):
    shown = verdict(word)
    assert shown.startswith(f'<span class="verdict {look}">')
    assert shown.endswith(f"</svg>{word}</span>")


def test_verdicts_differ_in_shape_not_only_in_colour():
    assert len({path for _, path in VERDICTS.values()}) == len(VERDICTS)


def test_what_could_not_be_evaluated_is_listed_with_its_reason(a_page):
    assert "CaudaEquina D0.1cc (STRIDeR2025): 12.5 % of the organ is outside" in a_page.text


def test_limit_on_an_organ_that_is_not_drawn_is_listed_not_tabulated(a_page):
    assert not any(r[0]["text"] == "Kidney_L" for r in a_page.table("Limits of"))
    assert report_example.NOT_DRAWN in a_page.text


def test_headline_counts_exceeded_limits(a_page):
    assert "1 of 7 limits is exceeded." in a_page.text
    assert "Without recovery 2 of 6 cumulative limits are exceeded." in a_page.text


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["FAIL", "FAIL", "PASS"], "2 of 3 limits are exceeded."),
        (["PASS", "NOT EVALUABLE"], "No limit is exceeded, but 1 of 2 could not be evaluated."),
        (["PASS", "MARGINAL"], "All 2 limits hold, 1 of them narrowly."),
        (["PASS", "PASS"], "All 2 limits hold."),
        ([], "No constraint set was chosen: doses are given without verdicts."),
    ],
)
def test_headline_says_what_the_verdicts_say(verdicts, sentence):
    results = report_example.results()
    pattern = results["constraints"][0]
    results["constraints"] = [{**pattern, "verdict": verdict} for verdict in verdicts]
    assert sentence in page_of(results).text


def test_warning_stands_in_the_report(a_page):
    assert WARNING in a_page.text


def test_report_is_marked_until_every_registration_is_approved():
    results = report_example.results()
    second = {**copy.deepcopy(results["registrations"][0]), "course": "prior-2"}
    results["registrations"].append({**second, "approved_by": "A physicist"})
    page = render_report(ReportData(results))
    assert "REGISTRATION NOT APPROVED: prior-1. Draft" in page
    assert '<body class="not-approved">' in page
    results["registrations"][0]["approved_by"] = "A physicist"
    page = render_report(ReportData(results))
    assert "NOT APPROVED" not in page.split("</style>")[1]
    assert '<body class="not-approved">' not in page


def test_markup_in_names_is_shown_as_text():
    evil = '<script>alert("x")</script>&"\''
    data = report_example.report_data()
    results = data.results
    for entry in (*results["structures"], *results["constraints"]):
        entry.update(name=evil, structure=evil, note=evil, source=evil, standard_name=evil)
    results["courses"][0].update(label=evil, id=evil)
    results["registrations"][0].update(engine=evil, course=evil)
    results["warnings"].append(evil)
    page = render_report(
        ReportData(results, data.patient, data.dvh, [Picture(evil, evil, report_example.png())])
    )
    assert "<script" not in page
    assert "alert(" in Page(page).text


def test_patient_id_cannot_leave_the_style_sheet():
    foot = style_sheet('x"; } </style><script>')
    assert "<" not in foot.replace(CSS, "")
    assert "PAGE_FOOT" not in foot


def test_forty_organs_five_courses_and_long_names_are_all_there():
    results = report_example.results()
    pattern = results["structures"][0], results["constraints"][0]
    names = [f"A_very_long_name_of_an_organ_{'x' * 40}_{i:02d}" for i in range(40)]
    results["structures"] = [{**copy.deepcopy(pattern[0]), "name": n} for n in names]
    results["constraints"] = [{**pattern[1], "structure": n} for n in names]
    results["courses"] = [{**results["courses"][0], "id": f"prior-{i}"} for i in range(1, 5)]
    results["courses"].append(report_example.results()["courses"][1])
    page = page_of(results)
    assert [r[0]["text"] for r in page.table("Limits of")[1:]] == names
    assert page.table("Limits of")[1][2]["text"].startswith("prior-1: 61.2")
    assert len(page.table("Courses")) == 6


def test_missing_parts_leave_no_empty_sections():
    results = report_example.results()
    for key in ("isotoxic", "timings_s", "peak_memory_mb", "hot_spots", "unmatched_structures"):
        del results[key]
    results.update(registrations=[], constraints=[], structures=[], warnings=[])
    results["courses"] = results["courses"][1:]
    page = page_of(results)
    headings = [tag[1]["id"] for tag in page.tags if tag[0] == "h2"]
    assert headings == ["verdict", "assumptions", "checklist", "provenance", "signatures"]
    assert "Patient identity left out." in page.text


def test_a_value_that_is_not_known_is_a_dash_with_its_reason(a_page):
    row = a_page.row("EQD2 of all", "CaudaEquina")
    assert row[5]["text"].startswith("\N{EN DASH}12.5 % of the organ")


def test_a_limit_given_as_text_is_shown_as_it_is_written():
    results = report_example.results()
    results["constraints"][0].update(limit="70 to 75", margin=None, verdict="NOT EVALUABLE")
    row = page_of(results, dvh=report_example.report_data().dvh).row("Limits of", "Bowel_Small")
    assert row[6]["text"] == "\N{LESS-THAN OR EQUAL TO} 70 to 75 Gy"


def test_tables_have_headers_with_scope_and_pictures_have_texts(a_page):
    scopes = {attributes.get("scope") for tag, attributes in a_page.tags if tag == "th"}
    assert scopes == {"col", "row"}
    assert all(attributes["alt"] for tag, attributes in a_page.tags if tag == "img")
    drawings = [a for tag, a in a_page.tags if tag == "svg"]
    assert all("aria-label" in a or a.get("aria-hidden") == "true" for a in drawings)
    assert ("html", {"lang": "en"}) in a_page.tags


def test_identifiers_are_unique(a_page):
    found = [attributes["id"] for _, attributes in a_page.tags if "id" in attributes]
    assert len(found) == len(set(found))


def test_nothing_outside_the_file_is_needed():
    page = render_report(report_example.report_data())
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    assert not re.search(r"@import|url\(|<link|<script", page)


def test_same_data_give_the_same_bytes(tmp_path):
    for name in ("a.html", "b.html"):
        write_report(tmp_path / name, report_example.report_data())
    first = (tmp_path / "a.html").read_bytes()
    assert first == (tmp_path / "b.html").read_bytes()
    assert b"\r" not in first


def test_report_without_pictures_stays_small():
    assert len(render_report(report_example.report_data())) < 300_000


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Contrast ratio of WCAG 2.1."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_twenty_one():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_text_can_be_read_on_its_ground():
    pairs = re.findall(r"\.\w+ \{ color: (#\w{6}); background: (#\w{6})", CSS)
    named = dict(re.findall(r"--(\w+): (#\w{6})", CSS))
    pairs += [
        (named[text], named[ground]) for text in ("ink", "soft") for ground in ("paper", "band")
    ]
    assert len(pairs) == 8
    assert min(contrast(*pair) for pair in pairs) >= 4.5
