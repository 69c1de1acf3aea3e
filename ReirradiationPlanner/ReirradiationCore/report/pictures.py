"""Pictures, carried inside the page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from .data import HandCheck, Picture
from .formatting import number, point
from .markup import Html, element, join


def pictures(shown: Sequence[Picture], draft: str = "") -> Html:
    """Return the pictures with their captions; ``draft`` says why they are a draft."""
    figures = [_figure(picture, draft) for picture in shown]
    return element("div", *figures, class_="grid") if figures else Html()


def _figure(picture: Picture, draft: str) -> Html:
    content = b64encode(picture.png).decode("ascii")
    image = element("img", src=f"data:image/png;base64,{content}", alt=picture.title)
    mark = element("b", f"DRAFT, {draft}. ") if draft else ""
    caption = element("figcaption", mark, element("b", picture.title), " ", picture.caption)
    return element("figure", image, caption)


def hand_checks(checks: Sequence[HandCheck]) -> Html:
    """Return the calculations that can be followed by hand."""
    return join(_check(check) for check in checks)


def _check(check: HandCheck) -> Html:
    where = join([element("b", check.structure), " at ", point(list(check.point_lps_mm))])
    steps = element("ol", *(element("li", line) for line in check.lines))
    result = element("p", "Cumulative EQD2: ", number(check.result_gy, 2, "Gy"))
    return element("div", element("p", where), steps, result, class_="hand")
