"""A map that failed puts the target in a wrong place: what is not near it there is not 0 Gy."""

import re
from dataclasses import replace

import numpy as np
import pytest
import synthetic_courses as made
from live_cases import LATER, UNIFORM_BG, mapped, sampled
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.constraints import Quantity
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.metrics import Metric
from ReirradiationCore.pipeline import judge_case
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.results import structure_json
from ReirradiationCore.sample_pack import pack_samples
from ReirradiationCore.sample_store import read_samples, write_pack

ORGAN, PTV = "Bowel_Small", "PTV"
D01 = Metric.parse("D0.1cc")
P20 = 20 * (20 / 5 + 3) / 5
E50 = 50 * (50 / 25 + 3) / 5  # 50 Gy
FALLBACK = Case(
    protocols=("STRIDeR2025",), quality=QualityChoice(fallback=Fallback.UNIFORM_BG)
)  # fmt: skip


def case_of(verdict="fail", old_from=75.0, case=FALLBACK):
    """Today's organ reaches the target; the map leaves the prior one ``old_from`` mm along x."""
    bar = ((-6.0, 6.0), (-6.0, 6.0))
    old = made.course(
        "prior-1", [(made.dose(lambda x: 50.0 if x > 40 else 0.0), 25, 50.0)],
        [made.box(ORGAN, old_from, old_from + 40, *bar)],
    )  # fmt: skip
    new = made.course(
        "planned", [(made.dose(lambda _x: 20.0), 5, 30.0)],
        [made.box(ORGAN, 5, 45, *bar), made.box(PTV, 40, 50, *bar)], LATER,
    )  # fmt: skip
    entry = {"structure": ORGAN, "verdict": verdict, "why": "MDA 70 mm", "rigid": None}
    result = made.registered([old])["prior-1"].result
    match = {"prior-1": RegisteredCourse("prior-1", result, {"structures": [entry]})}
    return sampled(new, [old], case, match)


def organ_of(evaluation):
    (found,) = [organ for organ in evaluation.organs if organ.model.name == ORGAN]
    return found


def cumulative(evaluation):
    rows = organ_of(evaluation).metrics
    return next(
        row for row in rows
        if (row.metric, row.quantity, row.course) == ("D0.1cc", "EQD2", "cumulative")
    )  # fmt: skip


def test_the_fallback_of_a_failed_map_does_not_presume_zero():
    row = cumulative(judge_case(case_of()))
    assert row.value is None
    assert "prior-1 fails at Bowel_Small (MDA 70 mm): falls back on UNIFORM_BG" in row.note
    # the prior organ begins at 75, the target ends at 50; both are known by samples of 2 mm
    found = re.search(r"planned PTV about (\d+) mm from Bowel_Small on the prior image", row.note)
    assert found is not None
    assert int(found[1]) == pytest.approx(25, abs=2)
    assert "its maximum there is 50.0 Gy EQD2" in row.note


def test_every_output_calls_it_not_evaluable():
    evaluation = judge_case(case_of())
    organ = organ_of(evaluation)
    found = structure_json(organ)
    assert found["mapping"] == {"prior-1": "NOT_EVALUABLE"}
    assert found["mapping_reason"]["prior-1"].count("falls back on UNIFORM_BG") == 1
    assert "its maximum there is 50.0 Gy" in found["mapping_reason"]["prior-1"]
    limits = [row for row in evaluation.constraints if row["structure"] == ORGAN]
    assert {row["verdict"] for row in limits if row["scope"] == "cumulative"} == {"NOT EVALUABLE"}
    said = [text for text in evaluation.warnings if text.startswith("NOT EVALUABLE: ")]
    assert len(said) == 1
    inside = evaluation.maps["cumulative_eqd2"]
    i, j, k = inside.grid.indices_of(np.array([[20.0, 0, 0]]))[0].round().astype(int)
    assert np.isnan(inside.array[k, j, i])


def test_an_organ_that_is_near_the_target_under_the_failed_map_keeps_its_background():
    row = cumulative(judge_case(case_of(old_from=60.0)))
    assert row.value == pytest.approx(E50 + P20, rel=1e-5)


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_the_own_choice_of_the_user_is_presumed_zero_as_published(verdict):
    case = replace(FALLBACK, organs=mapped(ORGAN, UNIFORM_BG))
    evaluation = judge_case(case_of(verdict, case=case))
    assert cumulative(evaluation).value == pytest.approx(P20, rel=1e-5)
    assert organ_of(evaluation).doses.priors["prior-1"].note.startswith("presumed 0")


def test_live_choices_do_not_carry_the_presumed_zero_over_to_the_fallback():
    chosen = replace(FALLBACK, organs=mapped(ORGAN, UNIFORM_BG))
    live = LiveEvaluation(case_of(case=chosen))

    def near_maximum(case):
        (organ,) = [o for o in live.judge(case).organs if o.model.name == ORGAN]
        return organ.metric(D01, "cumulative", Quantity.EQD2, 3.0).value

    assert near_maximum(chosen) == pytest.approx(P20, rel=1e-5)
    assert near_maximum(FALLBACK) is None
    assert near_maximum(chosen) == pytest.approx(P20, rel=1e-5)


def test_samples_of_it_are_stored_and_read_again(tmp_path):
    path = tmp_path / "samples.npz"
    write_pack(path, pack_samples(case_of()))
    again = judge_case(read_samples(path))
    assert cumulative(again).value is None
    assert organ_of(again).doses.priors["prior-1"].strategy is MappingStrategy.NOT_EVALUABLE
