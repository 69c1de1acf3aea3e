"""Time from a scene file to its first picture, between maps, and of the other live displays.

Usage: python Testing/Benchmarks/bench_display.py RESULT_DIR

``RESULT_DIR`` holds the ``scene.mrb`` of an evaluation. Budgets: first picture within 5 s after
loading, another map within 0.2 s.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "ReirradiationPlanner"))

from ReirradiationHeadless.charts import render_chart  # noqa: E402
from ReirradiationHeadless.host import boot, read_mrb  # noqa: E402
from ReirradiationHeadless.offscreen import prepare_rendering  # noqa: E402
from ReirradiationHeadless.views import SliceView, ThreeDView  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay  # noqa: E402
from ReirradiationPlannerLib.Navigation import Navigation  # noqa: E402
from ReirradiationPlannerLib.OrganSurfaces import OrganSurfaces  # noqa: E402
from ReirradiationPlannerLib.OverlapDisplay import OverlapDisplay  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402

PLANES = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}
SIZE = (600, 500)
FIRST_PICTURE_S, CHANGE_OF_MAP_S = 5.0, 0.2


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(line + "\n")


def timed(job) -> float:
    """Seconds that a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    result = parser.parse_args().result
    missing = prepare_rendering()
    if missing:
        raise SystemExit(missing.reason)
    host = boot()
    say(f"load scene                {timed(lambda: read_mrb(host, result / 'scene.mrb')):6.2f} s")
    display, nodes = DoseDisplay(host.scene), CaseNodes(host.scene)
    first, views = first_picture(host, display)
    say(f"first picture, three views{first:6.2f} s  (budget {FIRST_PICTURE_S} s)")
    changes = {key: timed(lambda k=key: draw(display, views, k)) for key in nodes.maps()}
    changes = {key: timed(lambda k=key: draw(display, views, k)) for key in changes}
    for key, seconds in changes.items():
        say(f"  change to {key:24s}{seconds:6.3f} s  (budget {CHANGE_OF_MAP_S} s)")
    others(host, nodes, views)
    good = first < FIRST_PICTURE_S and max(changes.values()) < CHANGE_OF_MAP_S
    say("within the budgets" if good else "NOT within the budgets")
    return 0 if good else 1


def first_picture(host, display: DoseDisplay) -> tuple[float, list[SliceView]]:
    """Time of making three views and drawing the cumulative map in them."""
    start = time.perf_counter()
    views = [SliceView(host, name, plane, SIZE) for name, plane in PLANES.items()]
    spots = Navigation(host.scene).hotSpots()
    for view in views:
        view.look_at(spots[0].point_lps if spots else (0.0, 0.0, 0.0), 0.6)
    draw(display, views, "cumulative_eqd2")
    return time.perf_counter() - start, views


def draw(display: DoseDisplay, views: list[SliceView], key: str) -> None:
    """Show a map in all views and draw them."""
    display.showMap(key, [view.composite for view in views])
    for view in views:
        view.pixels()


def others(host, nodes: CaseNodes, views: list[SliceView]) -> None:
    """Print the times of what has no budget of its own."""
    point = Navigation(host.scene).hotSpots()[-1].point_lps

    def jump() -> None:
        Navigation(host.scene).jumpTo(point)
        for view in views:
            view.pixels()

    say(f"jump to a hot spot        {timed(jump):6.3f} s")
    values = timed(lambda: Navigation(host.scene).valuesAt(point))
    say(f"values of all maps at a point{values:6.4f} s")
    overlap = timed(lambda: OverlapDisplay(host.scene).choose(20.0, 10.0))
    say(f"overlap at other isodoses {overlap:6.3f} s")
    tolerance = VolumeNodes.toVolume(nodes.maps()["tolerance_percent"])
    surfaces = nodes.all(CaseNodes.ORGAN_SURFACE)
    colored = timed(
        lambda: [OrganSurfaces(host.scene).color(model, tolerance) for model in surfaces]
    )
    say(f"recolour {len(surfaces)} organs in 3D  {colored:6.3f} s")
    space = ThreeDView(host, "1", SIZE)
    OrganSurfaces(host.scene).show(True)
    say(f"3D view                   {timed(space.pixels):6.2f} s")
    charts = nodes.all(CaseNodes.CHART)
    drawn = timed(lambda: [render_chart(chart) for chart in charts])
    say(f"{len(charts)} charts                 {drawn:6.2f} s")


if __name__ == "__main__":
    sys.exit(main())
