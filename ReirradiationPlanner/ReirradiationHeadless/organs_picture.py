"""A picture of the organs in 3D, coloured by how much of their limit is used."""

from __future__ import annotations

from typing import Any

import numpy as np
from ReirradiationCore.pictures_data import Picture
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.MapHatches import LIMIT_MAP
from ReirradiationPlannerLib.OrganSurfaces import OrganSurfaces

from .canvas import Canvas, Pixels, png_bytes
from .panel import HEADER_HEIGHT, PANEL_SIZE, draw_header, draw_panel
from .scene import CaseScene
from .views import ThreeDView

SIZE = (720, 600)
VIEW = "Picture3D"
FROM_ANTERIOR_LEFT = (0.35, -1.0, 0.25)
NEARER = 1.25
TITLE = "Organs by tolerance used, from the front"
CAPTION = (
    "Each organ with a limit, coloured as on the map; the less of its limit is used the more is "
    "seen through it. Orange: over the limit. Grey: no limit there, or not known."
)


def organs_picture(case: CaseScene) -> Picture | None:
    """Return the picture; None where no organ has a limit.

    What 3D views of the scene show is left as it was.
    """
    surfaces = CaseNodes(case.scene).all(CaseNodes.ORGAN_SURFACE)
    if not surfaces:
        return None
    others = _shown_besides(case, surfaces)
    _set_visibility(others, 0)
    OrganSurfaces(case.scene).show(True)
    view = ThreeDView(case.host, VIEW, SIZE)
    view.look_from(FROM_ANTERIOR_LEFT, NEARER)
    pixels = view.pixels()
    OrganSurfaces(case.scene).show(False)
    _set_visibility(others, 1)
    case.scene.RemoveNode(view.node)
    return _framed(pixels, case.maps[LIMIT_MAP])


def _framed(pixels: Pixels, map_node: Any) -> Picture:  # noqa: ANN401
    view = Canvas(*SIZE)
    view.pixels = pixels
    view.text("R", 12, SIZE[1] // 2, 18, (0.3, 0.3, 0.3), bold=True)
    view.text("L", SIZE[0] - 24, SIZE[1] // 2, 18, (0.3, 0.3, 0.3), bold=True)
    panel = draw_panel(map_node, (), hatched=False)
    subtitle = "what is used of each organ's own limit"
    column = np.concatenate([draw_header(TITLE, subtitle, SIZE[0]), view.pixels])
    image = np.concatenate([column, panel], axis=1)
    width, height = SIZE[0] + PANEL_SIZE[0], SIZE[1] + HEADER_HEIGHT
    return Picture("organs-3d", TITLE, CAPTION, png_bytes(image), width, height)


def _shown_besides(case: CaseScene, surfaces: list[Any]) -> list[Any]:
    """Display nodes of everything else that 3D views show."""
    nodes = CaseNodes(case.scene).made()
    displays = [n.GetDisplayNode() for n in nodes if hasattr(n, "GetDisplayNode")]
    own = [surface.GetDisplayNode() for surface in surfaces]
    return [d for d in displays if d and d not in own and _in_3d(d) and d.GetVisibility3D()]


def _in_3d(display: Any) -> bool:  # noqa: ANN401
    return hasattr(display, "GetVisibility3D")


def _set_visibility(displays: list[Any], visible: int) -> None:
    for display in displays:
        display.SetVisibility3D(visible)
