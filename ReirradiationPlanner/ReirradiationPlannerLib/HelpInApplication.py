"""What the module says about itself in its help section. Needs the Slicer application."""

from slicer.i18n import tr as _

SOURCES = (
    "Bentzen et al. 2012, Radiother Oncol 105:266-268 (EQD2)",
    "Nieder et al. 2006, Int J Radiat Oncol Biol Phys 66:1446-1449 (cumulative limits)",
    "Pagett et al. 2025, doi:10.1016/j.phro.2025.100889 (isotoxic reirradiation)",
)


def helpText() -> str:
    """Method and sources, as HTML; the warning follows in the doorway."""
    purpose = _(
        "Maps earlier courses of radiotherapy onto today's anatomy, converts every course to EQD2 "
        "with each organ's own alpha/beta and recovery, sums them, checks cumulative limits, and "
        "says how much dose is left."
    )
    steps = _("Follow the numbered sections from top to bottom.")
    method = _(
        "E = D (D/n + ab) / (2 + ab) phase by phase; the cumulative EQD2 of an organ is that of "
        "the planned course plus (1 - recovery) times that of every prior course, at the mapped "
        "point. Verdicts come from sample points of each organ, maps are pictures. Outside a dose "
        "grid the dose is unknown, never zero."
    )
    sources = _("Every limit, alpha/beta and recovery value carries its source. Method:")
    listed = "; ".join(SOURCES)
    return f"{purpose}<p>{steps}</p><p>{method}</p><p>{sources} {listed}.</p>"


def acknowledgement() -> str:
    """What the module rests on."""
    return _(
        "Reads what SlicerRT loads and registers with SimpleITK. Methods, sources and limits stand "
        "in the README of the extension."
    )
