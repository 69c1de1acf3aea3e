"""Progress bar and cancel button of long work. Needs the Slicer application."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import slicer
from ReirradiationCore.errors import CancelledError
from slicer.i18n import tr as _


class WorkProgressWidget:
    """Shows how far work is and stops it; what the panel does is Core's Progress.

    :param bar: progress bar of the form.
    :param cancelButton: button that stops the work.
    :param sections: widgets that must not be used meanwhile.
    """

    def __init__(self, bar, cancelButton, sections):
        self._bar = bar
        self._button = cancelButton
        self._sections = sections
        self._isCancelled = False
        self.isRunning = False
        cancelButton.connect("clicked(bool)", lambda _checked=False: self.cancel())

    def __call__(self, message: str, fraction: float | None = None):
        """Show a message and the part of the stage that is done.

        :raises CancelledError: the user asked to stop.
        """
        self._bar.setRange(0, 0 if fraction is None else 100)
        if fraction is not None:
            self._bar.setValue(round(100 * fraction))
        self._bar.setFormat(f"{message} %p %" if fraction is not None else message)
        self._bar.toolTip = message
        slicer.app.processEvents()
        if self._isCancelled:
            reason = _("stopped; earlier results are as they were")
            raise CancelledError(reason)

    def cancel(self):
        """Stop what is running as soon as it tells how far it is."""
        self._isCancelled = True

    @contextmanager
    def running(self) -> Iterator[Callable[..., None]]:
        """Show the bar while work runs; yields the Progress of the work."""
        self._show(True)
        try:
            yield self
        finally:
            self._show(False)

    def _show(self, isRunning: bool):
        self.isRunning = isRunning
        self._isCancelled = False
        self._bar.setVisible(isRunning)
        self._button.setVisible(isRunning)
        for section in self._sections:
            section.setEnabled(not isRunning)
