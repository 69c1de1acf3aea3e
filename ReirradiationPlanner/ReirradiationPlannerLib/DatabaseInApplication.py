"""Files of the application's DICOM database. Needs the Slicer application."""

from pathlib import Path

import slicer

REGISTRATION = "REG"


def fileOfInstance(instanceUid: str) -> str:
    """File of a DICOM instance in the application's database; empty if it is not there."""
    database = _database()
    return database.fileForInstance(instanceUid) if database else ""


def registrationFiles() -> list[Path]:
    """Files of all registrations in the application's database, of any patient."""
    database = _database()
    if database is None:
        return []
    studies = (s for patient in database.patients() for s in database.studiesForPatient(patient))
    series = (uid for study in studies for uid in database.seriesForStudy(study))
    chosen = (uid for uid in series if database.fieldForSeries("Modality", uid) == REGISTRATION)
    return [Path(file) for uid in chosen for file in database.filesForSeries(uid)]


def _database():
    """The database, if it is open; an application without the DICOM module has none."""
    database = getattr(slicer, "dicomDatabase", None)
    return database if database and database.isOpen else None
