"""What the display is asked to draw."""

from types import SimpleNamespace

import pytest
from ReirradiationCore.picture_request import picture_request

SPOT = {
    "structure": "Cord", "point_lps": [1.0, 2.0, 3.0], "cumulative_eqd2_gy": 67.04,
    "alpha_beta_gy": 2.0, "limit_metric": "D0.1cc", "limit_gy": 67.2, "limit_percent": 98.4,
}  # fmt: skip


def evaluation(image="a CT"):
    planned = SimpleNamespace(
        id="planned", image=image, structures=(), letter=None, phases=(), fractions_delivered=5,
        first_fraction_date=None, patient=SimpleNamespace(patient_id="P1"),
    )  # fmt: skip
    return SimpleNamespace(
        planned=planned,
        priors=(),
        courses=(planned,),
        organs=(),
        maps={},
        hot_spots=(SPOT,),
        dvh=(),
    )


def results(value):
    row = {"metric": "D0.1cc", "quantity": "EQD2", "course": "cumulative", "value": value}
    other = [{**row, "course": "planned", "value": 1.0}, {**row, "quantity": "PHYSICAL"}]
    metrics = [{**m, "unit": "Gy"} for m in (*other, row)]
    return {"structures": [{"name": "Cord", "metrics": metrics}], "constraints": []}


def test_without_a_ct_there_is_nothing_to_draw_on():
    assert picture_request(evaluation(image=None), results(66.13)) is None


@pytest.mark.parametrize(("value", "text"), [(66.13, "D0.1cc 66.1 Gy"), (None, "")])
def test_a_marker_carries_the_cumulative_near_maximum_of_its_organ(value, text):
    (spot,) = picture_request(evaluation(), results(value)).hot_spots
    assert (spot.label, spot.point_lps, spot.marker_text) == ("Cord", (1.0, 2.0, 3.0), text)
    assert spot.value_text == "maximum 67.0 Gy EQD2 (a/b 2), D0.1cc 98 % of its limit"
