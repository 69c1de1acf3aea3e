"""Two small courses in a scene, registered, and every stage of the method on them."""

import pytest
import vtk
from ReirradiationCore.case import Case
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic
from two_courses import slicerrt_scene

CASE = Case(protocols=("STRIDeR2025",))
ROWS = ("id", "structure", "verdict", "limit", "note")


class Planning:
    """A scene with two courses, registered; each stage is made when it is asked for."""

    def __init__(self, host, folder):
        self.scene, self.logic, self.folder = host.scene, PlannerLogic(), folder
        self.resolver = slicerrt_scene(host, folder)
        self.found = self.find()
        self.transform = self.logic.registerCourse(self.found, "prior-1", CASE)

    def find(self, case=CASE):
        return self.logic.findCourses(self.scene, self.resolver, case)

    def evaluate(self, case=CASE):
        return self.logic.evaluate(self.logic.sampleDoses(self.found, case))

    def show(self):
        evaluation = self.evaluate()
        return self.logic.showResults(self.scene, evaluation, self.logic.results(evaluation))

    def state(self, node, case=CASE):
        return self.logic.resultState(node, self.find(case), case)


def require_same_rows(rows, others):
    """Compare judged limits: texts the same, values to a hundred-thousandth."""
    assert len(rows) == len(others) > 0
    for one, two in zip(rows, others, strict=True):
        assert [one[key] for key in ROWS] == [two[key] for key in ROWS]
        known = two["value"] is not None
        assert one["value"] == (pytest.approx(two["value"], rel=1e-5) if known else None)


def moved_by(scene, shift):
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "by hand")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, shift)
    node.SetMatrixTransformToParent(matrix)
    return node
