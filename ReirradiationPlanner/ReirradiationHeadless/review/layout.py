"""The page: its template and styles, and the pictures of the views in it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from trame.ui.html import DivLayout
from trame_slicer.core.view_manager import ViewManager
from trame_slicer.rca_view.rca_view_factory import RemoteViewFactory
from trame_slicer.views import SliceView, ThreeDView, ViewType
from trame_slicer.views.render_scheduler import NoScheduleRendering

from ..host import Host

PAGE = Path(__file__).parent / "page"
ENCODER = "turbo-jpeg"
QUALITY = 90  # that of a picture at rest, so that no picture is drawn twice
FRAMES_A_SECOND = 30.0


def make_page(server: Any) -> DivLayout:  # noqa: ANN401
    """Return the page; the views appear in it when they are made."""
    styles = {"serve": {"review": str(PAGE)}, "styles": ["review/page.css"]}
    server.enable_module(styles)
    with DivLayout(server) as page:
        page.root.add_child((PAGE / "page.html").read_text(encoding="utf-8"))
    return page


def streamed_views(server: Any, host: Host) -> ViewManager:  # noqa: ANN401
    """Return a maker of views whose pictures are sent to the browser."""
    manager = ViewManager(host.scene, host.application_logic)
    for view, kind in ((SliceView, ViewType.SLICE_VIEW), (ThreeDView, ViewType.THREE_D_VIEW)):
        # without a strategy of its own a view renders once for every node while it is made
        quiet = partial(view, scheduled_render_strategy=NoScheduleRendering())
        factory = RemoteViewFactory(
            server,
            quiet,
            kind,
            target_fps=FRAMES_A_SECOND,
            blur_fps=FRAMES_A_SECOND,
            interactive_quality=QUALITY,
            rca_encoder=ENCODER,
        )
        manager.register_factory(factory)
    return manager
