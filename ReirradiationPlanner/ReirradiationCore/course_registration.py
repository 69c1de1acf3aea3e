"""Register every prior course with the reference image and measure how good the match is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .case import REGISTRATION_MODES, Case
from .content_hash import transform_digest
from .courses import Course
from .dicom.registration import RegistrationFile
from .dicom_registrar import TPS, DicomRegistrar, is_dicom, registration_of_system
from .errors import GeometryError, RefusedError, RegistrationError
from .inverse_consistency import backward_of
from .other_engines import alternatives_of
from .pipeline_data import RegisteredCourse
from .progress import Progress
from .registration import Registrar, choose_mode, register
from .registration_record import quality_record
from .registration_setup import with_options


def register_priors(
    priors: Sequence[Course],
    planned: Course,
    case: Case,
    progress: Progress,
    registrations: Sequence[RegistrationFile] = (),
) -> dict[str, RegisteredCourse]:
    """Find the way from the reference image to the image of every prior course.

    ``registrations`` are the registration objects of the planning system, for the mode ``tps``.

    Returns
    -------
    dict of str to RegisteredCourse
        By course id.

    Raises
    ------
    RefusedError
        A mode that cannot be used (identity across frames of reference, no CT to register), a
        transform file that cannot be read, or a registration that failed its own checks.
    """
    registered = {}
    for prior in priors:
        if prior.letter is not None:
            continue
        mode = registration_mode(prior, planned, case, registrations)
        registered[prior.id] = register_prior(prior, planned, case, progress, mode)
    return registered


def register_prior(
    prior: Course,
    planned: Course,
    case: Case,
    progress: Progress,
    mode: str | Path | Registrar,
) -> RegisteredCourse:
    """Find the way from the reference image to the image of one prior course, and measure it.

    ``mode`` is what `registration_mode` returns, or any engine; the built-in one gets the
    options of the case.

    Raises
    ------
    RefusedError
        A transform file that cannot be read, or a registration that failed its own checks.
    """
    try:
        result = register(
            planned.image,
            prior.image,
            with_options(mode, prior, planned, case),
            progress,
            (planned.patient_position, prior.patient_position),
        )
        others = alternatives_of(result, planned, prior, case, progress)
    except (RegistrationError, GeometryError) as error:
        reason = f"{prior.id} ({prior.label}): {error}"
        raise RefusedError(reason) from error
    backward = backward_of(result, planned, prior, case, progress)
    quality = quality_record(result, (planned, prior), case, backward, progress)
    digest, approval = transform_digest(result.transform), case.approvals.get(prior.id)
    holds = approval is not None and approval.holds_for(digest)
    approved = approval.name if approval is not None and holds else None
    return RegisteredCourse(
        prior.id, result, {**quality, "transform_sha256": digest}, approved, others
    )


def registration_mode(
    prior: Course,
    planned: Course,
    case: Case,
    registrations: Sequence[RegistrationFile] = (),
) -> str | Path | DicomRegistrar:
    """Return ``identity``, ``rigid``, ``deformable``, a transform file or a DICOM registration.

    Raises
    ------
    RefusedError
        Identity between two frames of reference, or a mode that is neither known nor a file.
    """
    asked = case.registration_of(prior.id, prior.label)
    same_frame = prior.frame_of_reference_uid == planned.frame_of_reference_uid
    if asked == "identity" and not same_frame:
        reason = (
            f"{prior.id} ({prior.label}): registration 'identity' needs one frame of reference; "
            f"the courses have {prior.frame_of_reference_uid} and {planned.frame_of_reference_uid}"
        )
        raise RefusedError(reason)
    if asked == "auto":
        return choose_mode(same_frame)
    if asked in REGISTRATION_MODES:
        return asked
    path = Path(asked)
    if asked == TPS:
        path = registration_of_system(prior, planned, registrations)
    if not path.is_file():
        reason = (
            f"{prior.id} ({prior.label}): registration '{asked}' is neither a file nor one of "
            f"{', '.join((*REGISTRATION_MODES, TPS))}"
        )
        raise RefusedError(reason)
    if is_dicom(path):
        frames = planned.frame_of_reference_uid, prior.frame_of_reference_uid
        return DicomRegistrar(path, *frames)
    return path
