"""A demo case made from a seed: a pelvis phantom with two courses and a known deformation."""

from __future__ import annotations

from .case import CourseTruth, DemoTruth, write_demo_case
from .deformation import TrueTransform, true_displacement_field, true_transform

__all__ = [
    "CourseTruth",
    "DemoTruth",
    "TrueTransform",
    "true_displacement_field",
    "true_transform",
    "write_demo_case",
]
