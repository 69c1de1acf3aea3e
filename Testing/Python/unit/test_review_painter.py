"""Maps under other choices are painted from the doses of the saved run, whatever its scale."""

from dataclasses import replace

import numpy as np
import pytest
from live_cases import STRIDER, evaluated, falling, sampled
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
