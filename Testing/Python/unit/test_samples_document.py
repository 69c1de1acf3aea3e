"""The example of Resources/samples.md runs as it stands."""

import re
from dataclasses import replace

from live_cases import STRIDER, evaluated, sampled, two_courses
from ReirradiationCore.case import OrganChoice, RecoveryChoice
from ReirradiationCore.case_file import read_case
from ReirradiationCore.sample_store import write_samples
from source_tree import REPOSITORY


def test_the_example_prints_the_verdicts_of_an_evaluation(tmp_path, monkeypatch, capsys):
    text = (REPOSITORY / "Resources" / "samples.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    planned, prior = two_courses()
    (tmp_path / "RESULT").mkdir()
    write_samples(tmp_path / "RESULT" / "samples.npz", sampled(planned, [prior]))
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    recovery = {"prior-1": RecoveryChoice("custom", 0.25, "decided at the board")}
    organs = {"Bladder": OrganChoice(recovery=recovery)}
    case = replace(STRIDER, planned_scale=1.1, organs=organs)
    rows = evaluated(planned, [prior], case).constraints
    expected = [
        f"{r['structure']} {r['metric']} {r['value']} {r['limit']} {r['verdict']}" for r in rows
    ]
    assert capsys.readouterr().out.splitlines() == expected
    assert read_case(tmp_path / "case.json").planned_scale == 1.1
