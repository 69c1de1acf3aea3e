"""Engines of other modules: both CTs go in as nodes, the transform comes back as ITK has it."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")
import vtk  # noqa: E402
from ReirradiationCore.errors import CancelledError, RegistrationError  # noqa: E402
from ReirradiationCore.grids import Grid, Volume  # noqa: E402
from ReirradiationCore.progress import silent  # noqa: E402
from ReirradiationPlannerLib.ModuleRegistrarInApplication import (  # noqa: E402
    ModuleRegistrarInApplication,
)

CT = Volume(np.zeros((4, 5, 6), np.int16), Grid((6, 5, 4), (2.0, 2.0, 2.0)))


class Mover(ModuleRegistrarInApplication):
    """Module that moves the prior CT by 10 mm to the right, 20 mm up."""

    engine = "Mover"
    outputClass = "vtkMRMLLinearTransformNode"
    seen = ()

    def run(self, fixed, moving, output, progress):
        self.seen = (fixed.GetImageData().GetDimensions(), moving.GetClassName())
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 10.0)
        matrix.SetElement(2, 3, 20.0)
        output.SetMatrixTransformToParent(matrix)


class Stopped(Mover):
    def run(self, fixed, moving, output, progress):
        raise CancelledError("stopped")


def test_transform_takes_points_of_today_to_the_prior_ct(a_host):
    engine = Mover(a_host.scene)
    result = engine.register(CT, CT, silent)
    # the right is -x in LPS: a point of today lies 10 mm to the left of, and below, its prior place
    assert result.transform.TransformPoint((0.0, 0.0, 0.0)) == pytest.approx((10.0, 0.0, -20.0))
    assert result.engine == "Mover"
    assert engine.seen == ((6, 5, 4), "vtkMRMLScalarVolumeNode")


@pytest.mark.parametrize("engine", [Mover, Stopped])
def test_nothing_is_left_in_the_scene(a_host, engine):
    classes = ("vtkMRMLTransformableNode", "vtkMRMLDisplayNode")
    before = [a_host.scene.GetNumberOfNodesByClass(name) for name in classes]
    try:
        engine(a_host.scene).register(CT, CT, silent)
    except CancelledError:
        assert engine is Stopped
    assert [a_host.scene.GetNumberOfNodesByClass(name) for name in classes] == before


def test_a_course_without_ct_is_refused(a_host):
    with pytest.raises(RegistrationError, match="needs the CT of both courses"):
        Mover(a_host.scene).register(CT, None, silent)
