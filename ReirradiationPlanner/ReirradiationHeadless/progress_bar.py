"""Progress of long steps on a terminal, or as JSON lines."""

from __future__ import annotations

import json
import sys
import time
from typing import TextIO

BAR_WIDTH = 28
REDRAW_SECONDS = 0.1


class ProgressBar:
    """One line per stage with a bar and the seconds it took; silent where nobody looks."""

    def __init__(self, stream: TextIO | None = None, *, json_log: bool = False) -> None:
        self.stream = stream or sys.stderr
        self.json_log = json_log
        self._stage = ""
        self._started = time.monotonic()
        self._drawn = 0.0
        self._live = self.stream.isatty() and not json_log

    def __call__(self, message: str, fraction: float | None = None) -> None:
        """Show ``message``; a new message ends the line of the one before."""
        now = time.monotonic()
        if message != self._stage:
            self._end_stage(now)
            self._stage, self._started, self._drawn = message, now, 0.0
            if self.json_log:
                self._write_json("started", 0.0)
        if self._live and now - self._drawn >= REDRAW_SECONDS:
            self._drawn = now
            self._draw(fraction, now)

    def close(self) -> None:
        """End the last line."""
        self._end_stage(time.monotonic())
        self._stage = ""

    def _end_stage(self, now: float) -> None:
        if not self._stage:
            return
        seconds = now - self._started
        if self.json_log:
            self._write_json("finished", seconds)
        else:
            start = "\r\x1b[K" if self._live else ""
            self.stream.write(f"{start}{self._stage:<48} {seconds:6.1f} s\n")
            self.stream.flush()

    def _draw(self, fraction: float | None, now: float) -> None:
        share = 0.0 if fraction is None else min(max(fraction, 0.0), 1.0)
        filled = round(share * BAR_WIDTH)
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        percent = "    " if fraction is None else f"{share:4.0%}"
        self.stream.write(
            f"\r\x1b[K{self._stage:<48} [{bar}] {percent} {now - self._started:5.1f} s"
        )
        self.stream.flush()

    def _write_json(self, event: str, seconds: float) -> None:
        record = {"stage": self._stage, "event": event, "seconds": round(seconds, 3)}
        self.stream.write(json.dumps(record) + "\n")
        self.stream.flush()
