"""One public method per stage of the module: nodes in, nodes out; no widgets, no application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.case_file import read_case
from ReirradiationCore.content_hash import joined, transform_digest
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.pictures_data import Picture
from ReirradiationCore.pipeline import (
    evaluate_reirradiation,
    judge_case,
    sample_case,
    with_choices,
)
from ReirradiationCore.pipeline_data import Evaluation, SampledCase
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.result_dicom import write_result_dicom
from ReirradiationCore.results import results_json

from .CourseNodes import CourseNodes
from .EvaluationNodes import EvaluationNodes
from .FolderResolver import FolderResolver
from .FoundCourses import FoundCourses
from .OrganMatch import OrganMatch
from .OrganMatches import OrganMatches
from .RegistrationLogic import RegistrationLogic
from .ResultFiles import ResultFiles
from .ResultRecord import ResultRecord
from .ResultState import ResultState
from .SceneCourses import SceneCourses
from .SceneIndex import Resolver
from .SceneNames import SceneNames
from .SegmentStructures import SegmentStructures


class PlannerLogic(RegistrationLogic):
    """What the module can do, for scripts and for the panel.

    It holds nothing but copies of what it has read, so that any number of instances work on any
    number of scenes. Everything that cannot be evaluated raises RefusedError (or another
    ReirradiationError) with sentences for the user.
    """

    def __init__(self):
        super().__init__()
        self._finder: SceneCourses | None = None

    # 1. Courses

    def findCourses(
        self, scene, resolver: Resolver | None = None, case: Case | None = None
    ) -> FoundCourses:
        """Find the courses of a scene, and say what each of them misses.

        :param scene: vtkMRMLScene with what SlicerRT or `loadDicomFolder` loaded.
        :param resolver: function from a SOP Instance UID to its file, such as
            ``slicer.dicomDatabase.fileForInstance``; None takes what the scene keeps.
        :param case: what the user typed: fractions, dates, prescriptions, which course is planned.
        """
        if self._finder is None or self._finder.scene is not scene:
            self._finder = SceneCourses(scene)
        return self._finder.find(resolver, case or Case())

    def loadDicomFolder(
        self, scene, folder: Path, case: Case | None = None, progress: Progress = silent
    ) -> FoundCourses:
        """Load DICOM-RT with the built-in reader into the nodes that SlicerRT would make.

        :raises RefusedError: files of different patients, or that cannot be read.
        """
        case = case or Case()
        files = CourseNodes(scene).load([Path(folder)], case, progress)
        return self.findCourses(scene, files.get, case)

    @staticmethod
    def folderResolver(folder: Path) -> Callable[[str], Path | None]:
        """Resolver for DICOM files in a folder, where there is no DICOM database."""
        return FolderResolver(Path(folder))

    @staticmethod
    def confirmPhysicalDose(doseNode, name: str) -> None:
        """Keep that a person says a dose is the physical dose of a whole plan.

        Only for a dose whose RTDOSE file is not at hand; the results say that it was typed.

        :raises RefusedError: no name.
        """
        if not name.strip():
            reason = "a confirmation needs the name of the person who confirms"
            raise RefusedError(reason)
        doseNode.SetAttribute(SceneNames.CONFIRMED_DOSE, name.strip())

    # 2. Registration: see RegistrationLogic

    # 3. Organs

    def matchOrgans(self, found: FoundCourses, case: Case | None = None) -> tuple[OrganMatch, ...]:
        """What is assumed of each structure of the planned course.

        :raises RefusedError: courses that are incomplete, or choices that no structure answers to.
        """
        case = case or Case()
        return OrganMatches(found, case).all()

    # 4. and 5. Limits, evaluation

    def sampleDoses(
        self, found: FoundCourses, case: Case | None = None, progress: Progress = silent
    ) -> SampledCase:
        """Sample every organ with the doses of all courses, the prior ones mapped.

        Registrations whose quality is not of the present contours and levels are measured again.

        :raises RefusedError: courses that are incomplete or not registered, and choices that do
            not fit them.
        """
        case = self.withApprovals(found, case or Case())
        read = found.requireReady()
        source = with_choices(read, case)
        self.measureAgain(found, case, progress)
        registered = self.registered(found, case)
        digests = {c: transform_digest(r.result.transform) for c, r in registered.items()}
        content = joined({"courses": read.content_hash, "registrations": digests})
        source = with_choices(replace(read, content_hash=content), case)
        return sample_case(source, registered, progress)

    @staticmethod
    def live(sampled: SampledCase) -> LiveEvaluation:
        """Doses that are judged again after every change of alpha/beta, recovery or limits."""
        return LiveEvaluation(sampled)

    @staticmethod
    def resample(
        live: LiveEvaluation, found: FoundCourses, segmentationNode, segmentId: str
    ) -> LiveEvaluation:
        """Sample one organ again after its contour was edited, added, removed or renamed.

        :raises RefusedError: a segment of a prior course, whose change needs a new evaluation.
        """
        row = found.planned
        if row is None or segmentationNode is not row.segmentationNode:
            reason = "contours of a prior course were changed; evaluate again"
            raise RefusedError(reason)
        now = SegmentStructures.names(segmentationNode)
        before, name = row.segmentNames.get(segmentId), now.get(segmentId)
        planned = live.sampled.source.read.courses[-1]
        known = next((s for s in planned.structures if s.name == before), None)
        findings = Findings()
        reader = SegmentStructures(
            segmentationNode, planned.frame_of_reference_uid, planned.image, findings
        )
        structure = reader.readOne(segmentId, name, known) if name else None
        if known is not None and (structure is None or structure.name != known.name):
            live = live.without_structure(known.name)
        return live if structure is None else live.with_structure(structure)

    @staticmethod
    def evaluate(sampled: SampledCase, progress: Progress = silent) -> Evaluation:
        """Judge a sampled case and paint its maps: verdicts, isotoxic answer, uncertainty, DVHs."""
        return judge_case(sampled, progress)

    @staticmethod
    def results(evaluation: Evaluation) -> dict[str, Any]:
        """Everything that was found, as in results.json."""
        return results_json(evaluation)

    @staticmethod
    def showResults(scene, evaluation: Evaluation, results: dict[str, Any] | None = None):
        """Make or renew maps, isodose lines, hot spots, plots and tables of an evaluation.

        :return: vtkMRMLTextNode that holds the results, their hash and references to these nodes.
        :raises RefusedError: a planned course without a CT to show them on.
        """
        return EvaluationNodes(scene).show(evaluation, results or results_json(evaluation))

    @staticmethod
    def removeResults(resultNode) -> None:
        """Take a result and every node that shows it out of the scene."""
        EvaluationNodes(resultNode.GetScene()).remove(resultNode)

    @staticmethod
    def resultNodes(resultNode) -> dict[str, Any]:
        """Nodes that show a result, by ``map:<name>`` or ``<role>:<name of the node>``."""
        return EvaluationNodes.parts(resultNode)

    @staticmethod
    def resultState(resultNode, found: FoundCourses, case: Case | None = None) -> ResultState:
        """Whether a result is of what the scene and the choices are now, also after loading."""
        return ResultRecord.state(resultNode, found, case or Case())

    # 6. and 7. are in the evaluation: ``evaluation.isotoxic``, ``evaluation.uncertainty``

    # 8. Report and export

    @staticmethod
    def writeReport(
        evaluation: Evaluation, folder: Path, pictures: tuple[Picture, ...] = ()
    ) -> Path:
        """Write report, numbers, maps, transforms and DICOM into a folder that holds no results.

        :return: the report.
        :raises RefusedError: a folder with results.
        """
        return ResultFiles(Path(folder)).write(evaluation, pictures)

    @staticmethod
    def exportDicom(evaluation: Evaluation, folder: Path) -> Path:
        """Write doses, regions and registrations as DICOM into a folder; over no file.

        :return: the folder.
        """
        write_result_dicom(Path(folder), evaluation)
        return Path(folder)

    @staticmethod
    def saveCase(case: Case, path: Path, evaluation: Evaluation | None = None) -> Path:
        """Write the choices as a case file; with an evaluation also what they became."""
        return ResultFiles.saveCase(case, Path(path), evaluation)

    @staticmethod
    def loadCase(path: Path) -> Case:
        """Read a case file.

        :raises RefusedError: a file that is no case file.
        """
        return read_case(Path(path))

    def evaluateFolder(
        self,
        inputFolder: Path,
        outputFolder: Path,
        protocol: str = "",
        recovery: str = "none",
        progress: Progress = silent,
    ) -> Path:
        """Evaluate a folder of DICOM-RT without a scene and write its results; return the report.

        :param protocol: name or file of a constraint set; empty for metrics without verdicts.
        :param recovery: recovery rule applied to the prior courses.
        :raises RefusedError: input that must not be evaluated, or results that are there already.
        """
        files = ResultFiles(Path(outputFolder))
        files.requireFree()
        protocols = (protocol,) if protocol else ()
        case = Case((Path(inputFolder),), protocols=protocols, recovery=RecoveryChoice(recovery))
        return files.write(evaluate_reirradiation(case, progress))
