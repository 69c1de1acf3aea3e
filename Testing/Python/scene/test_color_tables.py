"""Colours say what they must to every eye."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from ReirradiationPlannerLib.ColorTables import ColorTables

# ITU-R BT.601 luma
LUMA = np.array([0.299, 0.587, 0.114])
# Machado, Oliveira, Fernandes 2009, severity 1.0
COLOR_BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def limit_entry():
    """Entry of the table that shows exactly 100 % on a range of 0..150 %."""
    return round(100 / 150 * 255)


def test_one_entry_of_the_tolerance_table_is_the_limit():
    assert limit_entry() * 150 / 255 == 100.0


def test_tolerance_rises_in_brightness_with_a_step_at_the_limit():
    luma = ColorTables.colors("Tolerance") @ LUMA
    steps = np.diff(luma)
    assert np.all(steps > -1e-9)
    assert steps[limit_entry() - 1] > 0.15
    assert np.delete(steps, limit_entry() - 1).max() < 0.01


@pytest.mark.parametrize("vision", COLOR_BLIND)
def test_the_step_at_the_limit_is_seen_by_the_colour_blind(vision):
    colors = ColorTables.colors("Tolerance") @ np.array(COLOR_BLIND[vision]).T
    difference = np.linalg.norm(np.diff(colors, axis=0), axis=1)
    step = difference[limit_entry() - 1]
    assert step > 0.4
    assert step > 20 * np.delete(difference, limit_entry() - 1).max()


def test_a_color_node_is_made_once_and_is_transparent_below_its_threshold(a_host):
    tables = ColorTables(a_host.scene)
    node = tables.node("Dose", 0.0, 100.0, 10.0)
    assert tables.node("Dose", 0.0, 100.0, 10.0) is node
    color = [0.0] * 4
    node.GetColor(25, color)
    assert color[3] == 0.0
    node.GetColor(26, color)
    assert color[3] == 1.0


def test_the_ends_of_the_dose_table_are_blue_and_red():
    blue = ColorTables.colorAt("Dose", 0.0)
    red = ColorTables.colorAt("Dose", 2.0)
    assert blue[2] > 0.5 > blue[0]
    assert red[0] > 0.5 > red[2]
