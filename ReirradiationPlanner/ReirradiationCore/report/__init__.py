"""The report: results as plain data in, one self-contained HTML file out."""

from .data import DvhCurve, FileLine, HandCheck, PatientLine, Picture, ReportData, Source
from .page import render_report, write_report

__all__ = [
    "DvhCurve",
    "FileLine",
    "HandCheck",
    "PatientLine",
    "Picture",
    "ReportData",
    "Source",
    "render_report",
    "write_report",
]
