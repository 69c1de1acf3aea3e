"""Doses at sample points that were refined after the first were mapped."""

import numpy as np
import pytest
from solids import sphere, structure
from synthetic_courses import course, dose, judges, registered, shift

GRADIENT = 0.2  # Gy per mm


def ramp(x: float) -> float:
    return 40 + GRADIENT * x


@pytest.mark.parametrize("moved_mm", [0.0, 7.0])
def test_each_dose_of_a_refined_organ_belongs_to_its_own_point(moved_mm):
    organ = structure(sphere(35), name="Bladder")
    planned = course("planned", [(dose(ramp), 25, 50.0)], [organ])
    prior = course("prior-1", [(dose(ramp), 25, 50.0)], [organ])
    judge = judges(planned, [prior], match=registered([prior], shift(moved_mm)))["Bladder"]
    samples, x = judge.doses.samples, judge.doses.samples.points_lps[:, 0]
    assert 0 < len(samples.kept) < len(x)
    np.testing.assert_allclose(judge.doses.planned.phase_doses_gy[0], ramp(x), atol=1e-4)
    mapped = judge.doses.priors["prior-1"].phase_doses_gy[0]
    np.testing.assert_allclose(mapped, ramp(x + moved_mm), atol=1e-4)
