"""The approval of a registration on its transform node, with everything it was given for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ReirradiationCore.approvals import Approval

from .SceneNames import SceneNames

# what an approval is of, and what a reader calls it when it is of something else
GIVEN_FOR = {
    "transform": "another transform",
    "images": "other images",
    "course": "another pair of courses",
    "reference": "another pair of courses",
}


class RegistrationApproval:
    """Keeps and reads an approval; it holds for one transform, two images and two courses.

    All methods take what the node registers now: a hash of the transform and of the images, and
    the keys of the two courses, under the names of `GIVEN_FOR`.
    """

    @staticmethod
    def keep(node, approval: Approval, now: Mapping[str, str]) -> None:
        """Write an approval on a transform node."""
        content = {"name": approval.name, "date": approval.date, "comment": approval.comment}
        text = json.dumps({**content, **{key: now[key] for key in GIVEN_FOR}})
        node.SetAttribute(SceneNames.APPROVAL, text)

    @staticmethod
    def read(node, now: Mapping[str, str]) -> Approval | None:
        """Approval of what the node registers now; None if there is none that holds."""
        content = RegistrationApproval._content(node)
        if not content or RegistrationApproval.void(node, now):
            return None
        said = (content[key] for key in ("name", "date", "comment"))
        return Approval(*said, now["transform"])

    @staticmethod
    def void(node, now: Mapping[str, str]) -> str:
        """Why an approval does not hold any more; empty if it does, or if there is none.

        The sentence names no person, so that reports without names may carry it.
        """
        content = RegistrationApproval._content(node)
        if not content:
            return ""
        why = "it was saved without the images and courses it was given for"
        if all(key in content for key in GIVEN_FOR):
            others = [what for key, what in GIVEN_FOR.items() if content[key] != now.get(key)]
            if not others:
                return ""
            why = f"it was given for {' and '.join(dict.fromkeys(others))}"
        given = f"the approval of {content['date']}" if content.get("date") else "the approval"
        return f"{given} is void: {why}; look at the registration and approve it again"

    @staticmethod
    def _content(node) -> dict[str, str]:
        text = node.GetAttribute(SceneNames.APPROVAL)
        return json.loads(text) if text else {}
