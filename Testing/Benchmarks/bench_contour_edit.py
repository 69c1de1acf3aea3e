"""Time from an edit in Segment Editor to new verdicts, at clinical size.

Usage: python bench_contour_edit.py [FOLDER]

The demo case with CTs of 512 x 512 x 200 voxels, both courses in a scene, the prior one mapped with
a displacement field. A brush of 12 mm adds to an organ and takes away again through the logic of
Segment Editor (`SetBinaryLabelmapToSegment`), with the observers and the session of the panel. What
Slicer itself needs for the same edit is measured without observers and taken off. ``FOLDER``
keeps the case for the next run; without it a temporary one is made, which takes minutes. Returns 1
if an organ needs more than 0.5 s of processor time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "ReirradiationPlanner"))

import numpy as np  # noqa: E402
import slicer  # noqa: E402
import vtk  # noqa: E402
from ReirradiationCore.demo import write_demo_case  # noqa: E402
from ReirradiationHeadless.host import boot  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from ReirradiationPlannerLib.PlannerSession import PlannerSession  # noqa: E402
from ReirradiationPlannerLib.SceneWatcher import SceneWatcher, StaleKind  # noqa: E402
from ReirradiationPlannerLib.SegmentationNodes import CLOSED_SURFACE  # noqa: E402
from ReirradiationPlannerLib.SegmentContours import LABELMAP  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

CT_SIZE, BRUSH_MM, REPEATS, TARGET_S = (512, 512, 200), 12.0, 5, 0.5
ORGANS = ("Rectum", "Bladder", "Bowel_Small", "A_Iliac_L", "BODY")
CASE, FIELD = "case", "true-field.nii.gz"
SETTINGS = {
    "choices": "", "resultNode": None, "remainingFractions": 5, "recovery": "strider_33",
    "prescription": 0.0, "isotoxicLow": 25.0, "isotoxicHigh": 50.0, "plannedScale": 100.0,
    "ellipsoid": False, "shifts": False, "fields": False, "otherMappings": False,
    "secondEngine": False, "uncertaintyMm": 3.0, "deIdentify": False,
    "isotoxicTargets": "", "doseModel": "LQ", "transitionDose": 0.0, "slopeAbove": 0.0,
    "cordRegion": "thoracic", "mapGrid": 0.0, "author": "",
}  # fmt: skip
write = sys.stdout.write


def stop(why: str) -> NoReturn:
    """End without a measurement."""
    raise SystemExit(why)


@dataclass(frozen=True)
class Seconds:
    """Wall clock and processor."""

    wall: float
    processor: float

    @staticmethod
    def of(job: Callable[[], object]) -> Seconds:
        """Time of a job."""
        wall, processor = time.perf_counter(), time.process_time()
        job()
        return Seconds(time.perf_counter() - wall, time.process_time() - processor)

    @staticmethod
    def middle(several: list[Seconds]) -> Seconds:
        """Medians."""
        half = len(several) // 2
        wall, processor = (sorted(getattr(s, n) for s in several) for n in ("wall", "processor"))
        return Seconds(wall[half], processor[half])

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall + other.wall, self.processor + other.processor)

    def __sub__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall - other.wall, self.processor - other.processor)

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s ({self.processor:5.2f} s processor)"


class Editor:
    """Edits segments of today's anatomy as Segment Editor does.

    :param node: vtkMRMLSegmentationNode.
    """

    def __init__(self, node) -> None:
        self._node = node

    def convert(self) -> None:
        """What Segment Editor does before the first edit: voxels become the source."""
        segmentation = self._node.GetSegmentation()
        segmentation.SetSourceRepresentationName(CLOSED_SURFACE)
        segmentation.CreateRepresentation(LABELMAP)
        segmentation.SetSourceRepresentationName(LABELMAP)
        segmentation.CollapseBinaryLabelmaps(False)

    def brush(self, segmentId: str) -> object:
        """Ball at the border of a segment, half of it inside, on the voxels of the CT."""
        image = slicer.vtkOrientedImageData()
        self._node.GetBinaryLabelmapRepresentation(segmentId, image)
        array = vtk_to_numpy(image.GetPointData().GetScalars())
        array = array.reshape(image.GetDimensions()[::-1])
        planes = np.flatnonzero(array.any(axis=(1, 2)))
        k = planes[len(planes) // 2]
        j, i = (axis[0] for axis in np.nonzero(array[k]))
        first = np.array(image.GetExtent()[::2])
        center = first + np.array([i, j, k])
        spacing = np.array(image.GetSpacing())
        reach = np.ceil(BRUSH_MM / 2 / spacing).astype(int)
        ball = slicer.vtkOrientedImageData()
        matrix = vtk.vtkMatrix4x4()
        image.GetImageToWorldMatrix(matrix)
        ball.SetImageToWorldMatrix(matrix)
        ends = np.column_stack([center - reach, center + reach])
        ball.SetExtent(*ends.ravel().tolist())
        ball.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        steps = [np.arange(-n, n + 1) * mm for n, mm in zip(reach, spacing, strict=True)]
        x, y, z = np.meshgrid(*steps, indexing="ij")
        inside = (x**2 + y**2 + z**2 <= (BRUSH_MM / 2) ** 2).T
        vtk_to_numpy(ball.GetPointData().GetScalars())[:] = inside.ravel()
        return ball

    def stroke(self, segmentId: str, ball: object, isAdded: bool) -> None:
        """One stroke."""
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        mode = logic.MODE_MERGE_MAX
        if not isAdded:
            mode = logic.MODE_MERGE_MIN
            inverted = slicer.vtkOrientedImageData()
            inverted.DeepCopy(ball)
            array = vtk_to_numpy(inverted.GetPointData().GetScalars())
            array[:] = 1 - array
            ball = inverted
        logic.SetBinaryLabelmapToSegment(ball, self._node, segmentId, mode, ball.GetExtent())


class Bench:
    """A scene with both courses, evaluated, and the observers of the panel."""

    def __init__(self, folder: Path) -> None:
        host = boot()
        self.session = PlannerSession(host.scene, SimpleNamespace(**SETTINGS), PlannerLogic())
        self.session.readFolder(folder / CASE)
        node = slicer.vtkMRMLTransformStorageNode()
        node.SetFileName(str(folder / FIELD))
        transform = host.scene.AddNewNodeByClass("vtkMRMLTransformNode", "truth")
        if not node.ReadData(transform):
            stop(f"{folder / FIELD} cannot be read")
        self.session.useTransform("prior-1", transform)
        self.session.evaluate()
        self.node = self.session.found.planned.segmentationNode
        self.editor = Editor(self.node)
        self.ids = {name: i for i, name in self.session.found.planned.segmentNames.items()}

    def watched(self) -> SceneWatcher:
        """Observe as the panel does."""
        return SceneWatcher(self.session.found, self._changed)

    def _changed(self, kind: StaleKind, node, segmentId: str | None) -> None:
        if kind is not StaleKind.CONTOURS:
            stop(f"an edit told {kind}")
        self.session.invalidateOrgan(node, segmentId)

    def firstEdit(self) -> Iterator[tuple[str, Seconds]]:
        """Slicer's conversion of all contours to voxels, and what follows from it."""
        yield "contours to voxels (Slicer)", Seconds.of(self.editor.convert)
        for segmentId in self.ids.values():
            self.session.invalidateOrgan(self.node, segmentId)
        yield "all organs sampled again", Seconds.of(self.session.update)

    def edit(self, organ: str) -> tuple[Seconds, Seconds]:
        """What Slicer needs for a stroke, and what is needed for its verdicts beyond that."""
        segmentId = self.ids[organ]
        ball = self.editor.brush(segmentId)
        alone = [self._stroke(segmentId, ball, n % 2 == 0) for n in range(4)][2:]
        watcher = self.watched()
        took = []
        for n in range(REPEATS + 1):
            stroke = self._stroke(segmentId, ball, n % 2 == 0)
            follow = Seconds.of(self.session.update)
            if self.session.isStale:
                stop("the results did not follow")
            took.append(stroke - Seconds.middle(alone) + follow)
        watcher.stop()
        return Seconds.middle(alone), Seconds.middle(took[1:])

    def _stroke(self, segmentId: str, ball: object, isAdded: bool) -> Seconds:
        return Seconds.of(lambda: self.editor.stroke(segmentId, ball, isAdded))


def make(folder: Path) -> None:
    """Write the case, if it is not there."""
    if not (folder / FIELD).exists():
        truth = write_demo_case(folder / CASE, ct_size=CT_SIZE)
        truth.write_displacement_field(folder / FIELD)


def run(folder: Path) -> bool:
    """Print a line for each organ; False if one is above the target."""
    make(folder)
    bench = Bench(folder)
    for what, took in bench.firstEdit():
        write(f"{what:<30} {took}\n")
    slowest = 0.0
    for organ in ORGANS:
        alone, took = bench.edit(organ)
        volume = bench.session.result.organ(organ).doses.samples.volume_cc
        write(f"{organ:<12} {volume:7.0f} cc   {took}   Slicer itself {alone}\n")
        if organ != "BODY":
            slowest = max(slowest, took.processor)
    return slowest <= TARGET_S


def main() -> int:
    """Return 1 if an organ takes longer than its target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    if folder is not None:
        return int(not run(folder))
    with tempfile.TemporaryDirectory() as made:
        return int(not run(Path(made)))


if __name__ == "__main__":
    sys.exit(main())
