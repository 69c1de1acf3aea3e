"""What files say of a course is kept as JSON and comes back the same."""

import json

import pytest
from dicom_factory import make_case, make_record, save_case
from ReirradiationCore.course_groups import group_from_json, group_to_json
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.scene_reading import groups_of_files


@pytest.fixture
def a_group(tmp_path):
    case = make_case()
    case.more = {"RT": make_record(case, "20240215", 1)}
    (group,) = groups_of_files([save_case(case, tmp_path)], Findings())
    return group


def test_a_group_comes_back_as_it_was(a_group):
    content = json.loads(json.dumps(group_to_json(a_group)))
    back = group_from_json(content)
    assert group_to_json(back) == content
    (before,), (after,) = a_group.planned, back.planned
    assert after.plan.fractions == before.plan.fractions == 20
    assert after.plan.prescription_gy == 20.0
    assert after.plan.dates == before.plan.dates
    assert after.delivery == before.delivery
    assert after.doses[0].dose_type == "PHYSICAL"
    assert after.doses[0].summation == "PLAN"
    assert back.frame_uid == a_group.frame_uid
    assert back.ct[0].patient_position == "HFS"
    assert after.plan.entry.identity == ("TEST-1", "TEST^CASE", "19500101", "O")


def test_a_course_without_structures_and_ct_comes_back_without(tmp_path):
    case = make_case()
    case.ct, case.structures = [], None
    (group,) = groups_of_files([save_case(case, tmp_path)], Findings())
    back = group_from_json(group_to_json(group))
    assert back.structure_set is None
    assert back.ct == []


@pytest.mark.parametrize("change", [{"version": 2}, {"plans": None}, {"identity": 3}])
def test_content_of_another_kind_is_refused(a_group, change):
    with pytest.raises(RefusedError, match="load its DICOM files again"):
        group_from_json({**group_to_json(a_group), **change})
