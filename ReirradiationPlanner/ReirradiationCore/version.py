"""Name and version, as they stand in results, reports and exported files."""

from __future__ import annotations

NAME = "ReirradiationPlanner"
__version__ = "0.1.0"
