"""Which course is the planned one, which are prior, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from ..courses import CourseRole
from .assemble import Group
from .findings import Findings


@dataclass(frozen=True, eq=False)
class NamedGroup:
    """A group of plans that has its place among the courses."""

    id: str
    role: CourseRole
    group: Group


def name_courses(
    groups: Sequence[Group], reference: str | None, findings: Findings
) -> list[NamedGroup]:
    """Return prior courses, oldest first, then the planned course.

    The planned course is the newest by first treatment date, unless ``reference`` names another:
    by its id in order of dates, a plan label, its study description, or part of its folder name.

    Parameters
    ----------
    groups : sequence of Group
        Courses in any order.
    reference : str, optional
        Name of the planned course.
    findings : Findings
        Receives a reference that fits none or several, and dates that do not give an order.
    """
    ordered = sorted(groups, key=lambda group: group.first_date or date.min)
    if not ordered:
        return []
    newest = ordered[-1]
    planned = _chosen(ordered, reference, findings) if reference else newest
    if not reference:
        _require_order(ordered, findings)
    elif any(group.first_date is None for group in ordered) and len(ordered) > 2:
        findings.warn("Not all courses have a date: the order of the prior courses is not known")
    prior = [group for group in ordered if group is not planned]
    if not prior:
        findings.warn("No prior course was given: the only course is evaluated as planned course")
    newer = [
        g
        for g in prior
        if g.first_date and planned.first_date and g.first_date > planned.first_date
    ]
    for group in newer:
        findings.warn(
            f"{group.planned[0].plan.name}: this course is newer than the planned course chosen, "
            f"'{planned.planned[0].plan.label}'"
        )
    named = [NamedGroup(f"prior-{k}", CourseRole.PRIOR, g) for k, g in enumerate(prior, 1)]
    return [*named, NamedGroup("planned", CourseRole.PLANNED, planned)]


def _require_order(ordered: list[Group], findings: Findings) -> None:
    """Refuse to guess the newest course where dates are missing or equal."""
    if len(ordered) < 2:
        return
    undated = [group for group in ordered if group.first_date is None]
    last_two = ordered[-2:]
    if undated or last_two[0].first_date == last_two[1].first_date:
        labels = ", ".join(f"'{group.planned[0].plan.label}'" for group in ordered)
        why = "have no date" if undated else "have the same date"
        name = (undated or last_two)[-1].planned[0].plan.name
        findings.refuse(
            f"{name}: courses with plans {labels} cannot be put in order, because some {why}; say "
            "which one is planned now (--reference)"
        )


def _chosen(ordered: list[Group], reference: str, findings: Findings) -> Group:
    """Return the one course a reference names; the newest, with a reason, if it is not one."""
    wanted = reference.strip().casefold()
    for names_of in (_ids(ordered), _labels(ordered), _descriptions(ordered)):
        exact = [g for g in ordered if wanted in names_of[id(g)]]
        if len(exact) == 1:
            return exact[0]
    parts = [g for g in ordered if any(wanted in name for name in _searchable(g))]
    if len(parts) == 1:
        return parts[0]
    labels = ", ".join(f"'{group.planned[0].plan.label}'" for group in ordered)
    findings.refuse(
        f"reference '{reference}' names {len(parts)} of {len(ordered)} courses; give a plan label "
        f"({labels}), 'planned' or 'prior-1' by date, or a part of one folder name"
    )
    return ordered[-1]


def _ids(ordered: list[Group]) -> dict[int, set[str]]:
    ids = [{f"prior-{k}"} for k in range(1, len(ordered))] + [{"planned"}]
    return {id(group): names for group, names in zip(ordered, ids, strict=True)}


def _labels(ordered: list[Group]) -> dict[int, set[str]]:
    return {id(g): {item.plan.label.casefold() for item in g.planned} for g in ordered}


def _descriptions(ordered: list[Group]) -> dict[int, set[str]]:
    return {id(g): {i.plan.entry.study_description.casefold() for i in g.planned} for g in ordered}


def _searchable(group: Group) -> set[str]:
    """Return labels, descriptions and folder names of a course."""
    texts = set()
    for item in group.planned:
        texts |= {item.plan.label, item.plan.entry.study_description}
        texts |= set(PurePosixPath(item.plan.name).parts[:-1])
        texts.add(item.plan.entry.path.resolve().parent.name)
    return {text.casefold() for text in texts if text}
