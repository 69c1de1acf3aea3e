"""Tables of results: verdicts as text with a sign, updated in place."""

import pytest

pytest.importorskip("slicer")

from ReirradiationCore.pictures_data import ResultTable
from ReirradiationPlannerLib.ResultTables import ResultTables

HEADER = ("Structure", "Value", "Verdict")


def cells(node):
    table = node.GetTable()
    rows, columns = table.GetNumberOfRows(), table.GetNumberOfColumns()
    return [[table.GetValue(r, c).ToString() for c in range(columns)] for r in range(rows)]


def test_a_verdict_is_told_by_text_and_sign(a_host):
    rows = tuple((v, 1.5, v) for v in ("PASS", "MARGINAL", "FAIL", "NOT EVALUABLE"))
    node = ResultTables(a_host.scene).add(ResultTable("Limits", HEADER, rows))
    assert [row[2] for row in cells(node)] == ["✓ PASS", "⚠ MARGINAL", "✗ FAIL", "? NOT EVALUABLE"]


def test_each_verdict_has_a_colour_of_its_own_and_the_unknown_is_not_green():
    colors = [ResultTables.verdictColor(v) for v in ("✓ PASS", "FAIL", "MARGINAL", "NOT EVALUABLE")]
    assert len(set(colors)) == 4
    red, green, blue = (int(colors[3][n : n + 2], 16) for n in (1, 3, 5))
    assert red == green == blue


def test_a_table_of_the_same_title_is_updated_in_place(a_host):
    tables = ResultTables(a_host.scene)
    node = tables.add(ResultTable("Limits", HEADER, (("Cord", 60.0, "PASS"), ("x", None, "FAIL"))))
    again = tables.add(ResultTable("Limits", HEADER, (("Cord", 70.5, "FAIL"),)))
    assert again is node
    assert cells(node) == [["Cord", "70.5", "✗ FAIL"]]


def test_a_table_of_the_user_with_the_same_name_is_left_alone(a_host):
    own = a_host.scene.AddNewNodeByClass("vtkMRMLTableNode", "Limits")
    node = ResultTables(a_host.scene).add(ResultTable("Limits", HEADER, (("Cord", 1.0, "PASS"),)))
    assert node is not own
    assert own.GetTable().GetNumberOfColumns() == 0
