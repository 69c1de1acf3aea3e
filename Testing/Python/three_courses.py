"""Two prior courses and today's, of one patient in one frame of reference, as small files."""

import numpy as np
from dicom_factory import common_of, make_case, make_dose, new_uid, save_case

COURSES = (
    ("20150101", "OLD", 20, 10.0),
    ("20200101", "LATER", 20, 8.0),
    ("20240101", "TODAY", 5, 6.0),
)


def save_two_priors(folder):
    """Write the courses to folders of their own; return the folder of all.

    Doses are the same everywhere: 10 Gy (prior-1), 8 Gy (prior-2), 6 Gy today.
    """
    frame = new_uid()
    for day, label, fractions, dose_gy in COURSES:
        case = make_case(day, label, fractions, "TEST-1", frame)
        values = np.full((16, 12, 10), dose_gy)
        case.dose = make_dose(common_of(case.plan), case.plan, values)
        save_case(case, folder / label)
    return folder
