"""The demo case in the Sample Data module: made here, nothing is downloaded. Needs Slicer."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

NAME = "ReirradiationDemoCase"
FOLDER = "ReirradiationPlanner-demo"


def registerSampleCase():
    """Offer the demo case under Sample Data, with a thumbnail of this extension."""
    import SampleData  # noqa: PLC0415  a module of the application, there after it has started

    icon = Path(slicer.util.modulePath("ReirradiationPlanner")).parent / "Resources" / "Icons"
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=_("Radiotherapy"),
        sampleName=NAME,
        uris="",
        customDownloader=lambda _source=None: loadSampleCase(slicer.mrmlScene),
        thumbnailFileName=str(icon / "ReirradiationPlanner.png"),
    )


def makeSampleCase() -> Path:
    """Write the demo case once per session of the application; return its folder."""
    from ReirradiationCore.demo import write_demo_case  # noqa: PLC0415

    folder = Path(slicer.app.temporaryPath) / FOLDER
    if not any(folder.rglob("*.dcm")):
        write_demo_case(folder)
    return folder


def loadSampleCase(scene):
    """Make the demo case and read it into a scene.

    :return: courses, as `PlannerLogic.loadDicomFolder` finds them.
    """
    from .PlannerLogic import PlannerLogic  # noqa: PLC0415
    from .ResultViewsInApplication import ResultViewsInApplication  # noqa: PLC0415

    folder = makeSampleCase()
    with slicer.util.RenderBlocker():
        found = PlannerLogic().loadDicomFolder(scene, folder)
        ResultViewsInApplication.showPlanned(found)
    return found
