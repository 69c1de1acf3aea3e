"""Two small courses of one patient in one frame of reference, as files and as nodes of a scene.

Today's dose is 16 + 0.2 z Gy in 5 fractions, the prior one 20 - 0.3 z Gy in 20; both structure
sets hold BODY and Bladder, a box of 20 x 20 mm on the four planes from -4.5 to 4.5 mm.
"""

import numpy as np
from dicom_factory import common_of, make_case, make_dose, new_uid, save_case, set_pixels
from slicerrt_nodes import load_like_slicerrt


def make_courses(same_frame=True, patients=("TEST-1", "TEST-1"), fractions=(20, 5)):
    """Return the datasets of the prior and of the planned course."""
    frame = new_uid() if same_frame else None
    prior = make_case("20200101", "PRIOR", fractions[0], patients[0], frame)
    for k, plane in enumerate(prior.ct):
        set_pixels(plane, np.full((16, 16), 1029 + 10 * k, np.uint16))
    z = -22.5 + 3.0 * np.arange(16)
    values = np.broadcast_to((20 - 0.3 * z)[:, None, None], (16, 12, 10))
    prior.dose = make_dose(common_of(prior.plan), prior.plan, values)
    planned = make_case("20240101", "TODAY", fractions[1], patients[1], frame)
    return prior, planned


def save_courses(folder, courses):
    """Write courses to folders of their own; return the folder of all."""
    for name, course in zip(("prior", "planned"), courses, strict=True):
        save_case(course, folder / name)
    return folder


def slicerrt_scene(host, folder):
    """Load a folder as SlicerRT does; return the resolver of its files."""
    return load_like_slicerrt(host.scene, folder).get


def said(texts, *words):
    """Tell whether one of some sentences has all of some words."""
    return any(all(word in text for word in words) for text in texts)
