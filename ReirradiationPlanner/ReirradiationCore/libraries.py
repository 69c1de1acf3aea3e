"""Versions of what computes a result."""

from __future__ import annotations

import platform
from importlib import metadata

LIBRARIES = ("numpy", "scipy", "SimpleITK", "pydicom", "slicer-core", "vtk")


def library_versions() -> dict[str, str]:
    """Return the versions of what computed the result; libraries that are absent are left out."""
    versions = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
