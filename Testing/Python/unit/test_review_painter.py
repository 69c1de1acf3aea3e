"""Maps under other choices are painted from the doses of the saved run, whatever its scale."""

from dataclasses import replace

import numpy as np
import pytest
from live_cases import STRIDER, evaluated, falling, sampled
from ReirradiationCore.case import MappingStrategy, OrganChoice
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationHeadless.review.painter import PHYSICAL, Painter


@pytest.mark.parametrize("saved_scale", [1.0, 1.5])
@pytest.mark.parametrize("scale", [1.0, 0.8, 1.5])
def test_a_what_if_of_a_saved_what_if_is_painted_as_it_is_evaluated(saved_scale, scale):
    planned, prior = falling()
    was, case = (replace(STRIDER, planned_scale=s) for s in (saved_scale, scale))
    one_phase = replace(prior, phases=prior.phases[:1])
    saved = evaluated(planned, [one_phase], was)
    doses = {c.id: saved.maps[f"{PHYSICAL}{c.id}"] for c in saved.courses}
    live = LiveEvaluation(sampled(planned, [one_phase], was))
    painted = Painter(doses, live.judge()).maps(live.judge(case))
    whole = evaluated(planned, [one_phase], case)
    for name in ("mapped_dose_planned", "cumulative_eqd2", "tolerance_percent"):
        np.testing.assert_allclose(painted[name].array, whole.maps[name].array, rtol=1e-5)


def test_an_organ_whose_map_changed_from_deformable_to_rigid_is_unknown_and_comes_back():
    planned, prior = falling()
    one_phase = replace(prior, phases=prior.phases[:1])
    saved = evaluated(planned, [one_phase], STRIDER)
    doses = {c.id: saved.maps[f"{PHYSICAL}{c.id}"] for c in saved.courses}
    live = LiveEvaluation(sampled(planned, [one_phase], STRIDER))
    painter = Painter(doses, live.judge())
    name = "Bladder" if "Bladder" in painter._names else painter._names[-1]
    choice = OrganChoice(mapping={"*": MappingStrategy.RIGID}, mapping_reason={"*": "bone"})
    rigid = replace(STRIDER, organs={**STRIDER.organs, name: choice})
    voxels = painter._paint.index == painter._names.index(name)
    assert voxels.any()
    there, back = (painter.maps(live.judge(case))["cumulative_eqd2"].array for case in
                   (rigid, STRIDER))  # fmt: skip
    assert np.isnan(there[voxels]).all()
    assert not np.isnan(back[voxels]).any()


def test_only_wanted_maps_are_painted_and_those_of_recovery_where_nothing_recovers():
    planned, prior = falling()
    one_phase = replace(prior, phases=prior.phases[:1])
    saved = evaluated(planned, [one_phase], STRIDER)
    doses = {c.id: saved.maps[f"{PHYSICAL}{c.id}"] for c in saved.courses}
    painter = Painter(doses, LiveEvaluation(sampled(planned, [one_phase], STRIDER)).judge())
    wanted = {"cumulative_eqd2", "cumulative_no_recovery", "recovery_difference"}
    result = LiveEvaluation(sampled(planned, [one_phase], STRIDER)).judge()
    painted = {key: values.array for key, values in painter.maps(result, wanted).items()}
    assert painted.keys() == wanted
    assert "recovery_difference" not in saved.maps
    total = painted["cumulative_eqd2"]
    np.testing.assert_array_equal(painted["cumulative_no_recovery"], total)
    np.testing.assert_array_equal(
        painted["recovery_difference"], np.where(np.isnan(total), total, 0)
    )
