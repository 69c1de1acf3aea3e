"""Registration engines this application offers. Needs the Slicer application."""

from dataclasses import replace

import slicer
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration_setup import built_in
from slicer.i18n import tr as _

from .BrainsRegistrarInApplication import BrainsRegistrarInApplication
from .ElastixRegistrarInApplication import ElastixRegistrarInApplication
from .LandmarkPairs import LandmarkPairs
from .LandmarkStart import referenceToPrior
from .SceneVolumes import SceneVolumes

MODULES = {"brains": BrainsRegistrarInApplication, "elastix": ElastixRegistrarInApplication}


def availableEngines() -> list[tuple[str, str]]:
    """Keys and titles of the engines; those of other modules only where they are installed."""
    engines = [
        ("auto", _("Automatic (built-in)")),
        ("deformable", _("Rigid and deformable (built-in)")),
        ("rigid", _("Rigid (built-in)")),
        ("identity", _("Identity")),
    ]
    return engines + [(key, made.engine) for key, made in MODULES.items() if made.isAvailable()]


def registrarFor(engine: str, start, session, prior):
    """Return the engine of a key; None where the case says it by its mode.

    :param engine: key of `availableEngines`.
    :param start: linear transform node from the prior course to today's CT, or None.
    :param session: session with the options of the built-in engine.
    :param prior: row of the prior course.
    """
    if start is not None and engine != "identity":
        measuring = session.case.quality.landmarks.get(prior.id, ())
        LandmarkPairs.requireNotFittedTo(start, measuring)
    if engine in MODULES:
        if start is not None:
            _requireAsShown(start)
        return MODULES[engine](slicer.mrmlScene, start)
    if start is None or engine == "identity":
        return None
    case = session.case
    choice = case.registration_choice(prior.id, prior.label)
    courses = prior.course, session.found.planned.course
    made = built_in(engine != "rigid", choice, *courses, case)
    name = start.GetName()
    told = f"started from '{name}' alone: neither another start nor a half turn was tried"
    remarks = (*made.remarks, told)
    return replace(made, start=referenceToPrior(start), refine=True, remarks=remarks)


def _requireAsShown(start):
    """Refuse a start of which another module, which takes the node's own matrix, sees a part."""
    referenceToPrior(start)  # refused if it does more than turn and move
    parent = SceneVolumes.transformOf(start)
    if parent is not None:
        reason = (
            f"'{start.GetName()}' is itself under the transform '{parent.GetName()}', which the "
            "chosen engine would not see; harden it in the Data module, or choose the built-in one"
        )
        raise RefusedError(reason)
