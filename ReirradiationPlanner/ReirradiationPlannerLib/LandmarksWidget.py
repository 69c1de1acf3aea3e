"""Landmarks for the start of a registration and to measure it. Needs the Slicer application."""

from ReirradiationCore.errors import RefusedError
from ReirradiationCore.landmark_errors import structure_meant
from slicer.i18n import tr as _

from .LandmarkPairs import LandmarkPairs
from .SectionWidget import SectionWidget


class LandmarksWidget(SectionWidget):
    """Takes two lists of points as a start, or as what measures the registration."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        self.onClick(self.ui.landmarkStartButton, self.startFromLandmarks)
        self.onClick(self.ui.landmarkMeasureButton, self.measure)

    def startFromLandmarks(self):
        """Called by the Start from landmarks button."""
        self.panel.run(lambda _progress: self._fitStart())

    def measure(self):
        """Called by the Measure with landmarks button."""
        self.panel.run(self._measure)

    def refresh(self):
        """Say what is missing, and how far the landmarks of the chosen course are off."""
        ui, settings = self.ui, self.session.settings
        both = settings.referenceLandmarks and settings.priorLandmarks
        waits = () if both else (_("choose both landmark lists"),)
        prior = self._readyPrior
        none = () if prior is not None else (_("find the courses first"),)
        self.enable(ui.landmarkStartButton, (*none, *waits))
        self.enable(ui.landmarkMeasureButton, (*none, *waits))
        self.tell(ui.landmarksLabel, self._text(prior))

    @property
    def _readyPrior(self):
        return self.prior if self.session.isReady else None

    def _requirePrior(self):
        prior = self._readyPrior
        if prior is None:
            reason = _("choose a prior course")
            raise RefusedError(reason)
        return prior

    def _text(self, prior) -> str:
        given = self.session.case.quality.landmarks.get(prior.id, ()) if prior else ()
        if not given:
            return ""
        record = self.session.registrationRecord(prior)
        isCurrent = record and record["current"] and record["measured"]
        rows = record["quality"]["landmarks"] if isCurrent else ()
        errors = {row["name"]: _error(row) for row in rows}
        texts = (f"{one.name}: {errors.get(one.name, _('not measured'))}" for one in given)
        return "; ".join(texts)

    def _fitStart(self):
        session, settings, prior = self.session, self.session.settings, self._requirePrior()
        pairs = LandmarkPairs(settings.referenceLandmarks, settings.priorLandmarks)
        images = session.found.planned.imageNode, prior.imageNode
        measuring = session.case.quality.landmarks.get(prior.id, ())
        node, error = pairs.fitStart(images, measuring, settings.startTransform)
        settings.startTransform = node
        text = _("Start transform fitted; the landmarks are {error} mm apart on average.")
        self.panel.say(text.format(error=f"{error:.1f}"))

    def _measure(self, progress):
        session, settings, prior = self.session, self.session.settings, self._requirePrior()
        pairs = LandmarkPairs(settings.referenceLandmarks, settings.priorLandmarks)
        images = session.found.planned.imageNode, prior.imageNode
        starts = settings.startTransform, prior.transformNode
        landmarks = pairs.landmarks(prior.id, images, starts)
        for landmark in landmarks:  # refused before they become a choice
            structure_meant(
                landmark, session.found.planned.course, prior.course, session.case.structure_map
            )
        self.panel.change(session.choices.withLandmarks(prior.id, landmarks))
        session.logic.measureAgain(session.found, session.case, progress)
        count = len(landmarks)
        text = _("{count} landmarks measure the registration of {course}.")
        self.panel.say(text.format(count=count, course=prior.id))


def _error(row) -> str:
    if row["error_mm"] is None:
        return _("outside of the transform")
    text = _("{error} mm").format(error=f"{row['error_mm']:.1f}")
    return _("{text} (steered the registration)").format(text=text) if row["guided"] else text
