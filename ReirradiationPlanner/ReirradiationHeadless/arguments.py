"""The command line as contract: its options, read into a `Case`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TypeVar

from ReirradiationCore.case import Case, RecoveryChoice, with_alpha_beta
from ReirradiationCore.case_file import case_to_json, read_case
from ReirradiationCore.case_history import changes_of, entry_now
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration_choice import with_option
from ReirradiationCore.version import __version__
from ReirradiationCore.warning import WARNING

Value = TypeVar("Value")
LOOPBACK = "127.0.0.1"


class Parser(argparse.ArgumentParser):
    """A parser that refuses like the rest of the program instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse options that cannot be read."""
        reason = f"options: {message}; '{self.prog} --help' lists them"
        raise RefusedError(reason)


def make_parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="reirradiation-planner",
        description="Cumulative EQD2 of several courses of radiotherapy, organ by organ.",
        epilog=WARNING,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    demo = commands.add_parser("demo", help="make the phantom case and evaluate it", epilog=WARNING)
    _add_output(demo)
    evaluate = commands.add_parser("evaluate", help="evaluate DICOM-RT courses", epilog=WARNING)
    _add_output(evaluate)
    _add_choices(evaluate)
    compare = commands.add_parser("compare", help="say what differs between two results and why")
    compare.add_argument("first", metavar="RESULT_A", type=Path, help="folder of a result")
    compare.add_argument("second", metavar="RESULT_B", type=Path, help="folder of a result")
    review = commands.add_parser("review", help="review a result in a browser", epilog=WARNING)
    review.add_argument("result", metavar="RESULT_DIR", type=Path, help="folder of a result")
    review.add_argument("--host", default=LOOPBACK, help=f"address to listen on ({LOOPBACK}, which "
        "only this computer reaches)")  # fmt: skip
    review.add_argument("--port", type=int, default=0, help="0 takes a free one (0)")
    protocols = commands.add_parser("protocols", help="list or check constraint sets")
    only = protocols.add_mutually_exclusive_group()
    only.add_argument("--check", metavar="FILE", type=Path, help="say line by line what is wrong")
    only.add_argument("--list-limits", metavar="NAME_OR_FILE", help="list the limits of one set")
    return parser


def _add_output(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", metavar="DIR", type=Path, required=True, help="folder the results go to")
    add("--overwrite", action="store_true", help="replace results of an earlier run in DIR, "
        "and nothing else")  # fmt: skip
    add("--quiet", action="store_true", help="no progress")
    add("--json-log", action="store_true", help="progress and warnings as JSON lines")


def _add_choices(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", metavar="PATH", type=Path, nargs="*", help="files or folders, any layout")
    add("--case", metavar="FILE", type=Path, help="case file with all choices")
    add("--reference", metavar="COURSE", help="course whose CT is today's anatomy (newest)")
    add("--protocol", metavar="NAME_OR_FILE", action="append", help="constraint set; repeatable")
    add("--recovery", metavar="RULE", help="recovery rule (none)")
    add("--registration", metavar="[COURSE=]MODE", action="append", help="auto, identity, rigid, "
        "deformable, tps (DICOM REG among the files) or a transform file (auto)")  # fmt: skip
    add("--registration-option", metavar="[COURSE:]NAME=VALUE", action="append", help="start, "
        "refine_start, guide, leave_out, diffeomorphic, smoothness, spacing_mm, fine_around, "
        "fine_mm, as in the case file's registration_options; repeatable")  # fmt: skip
    add("--fractions", metavar="COURSE=N", action="append", help="fractions delivered")
    add("--alpha-beta", metavar="STRUCTURE=VALUE", action="append", help="alpha/beta in Gy")
    add("--prescription", metavar="GY", type=float, help="prescription of the planned course")
    add("--isotoxic-range", metavar="MIN:MAX", help="prescriptions searched (25:50)")
    add("--map-grid", metavar="MM", type=float, help="spacing of the exported maps")
    add("--planned-scale", metavar="FACTOR", type=float, help="what-if factor on the planned dose "
        "(1); no DICOM dose is exported for it")  # fmt: skip
    add("--uncertainty", metavar="MODE[=MM]", action="append", help="judge over ellipsoid, "
        "ellipsoid-unrestricted, shifts, fields (3 mm), mapping or demons; repeatable")  # fmt: skip
    add("--de-identify", action="store_true", help="write nothing that names the patient")
    add("--author", metavar="NAME", help="who makes these choices, for the history of the case")
    add("--pdf", action="store_true", help="write report.pdf too; needs Chromium, Chrome or Edge")
    add("--identity-override", metavar="REASON", help="evaluate although identities differ")


def case_from(options: argparse.Namespace) -> Case:
    """Return the choices made on the command line and in the case file; the command line wins.

    Raises
    ------
    RefusedError
        Options that cannot be read, or no input at all.
    """
    case = read_case(options.case) if options.case else Case()
    for name in ("reference", "recovery"):
        if getattr(options, name) == "":
            reason = f"options: --{name} is empty"
            raise RefusedError(reason)
    if options.paths:
        case = replace(case, paths=tuple(options.paths))
    if not case.paths:
        reason = "options: no input given; name the folders or files with the DICOM-RT objects"
        raise RefusedError(reason)
    if options.protocol:
        case = replace(case, protocols=tuple(options.protocol))
    if options.recovery:
        organs = {name: replace(o, recovery={}) for name, o in case.organs.items()}
        case = replace(case, recovery=RecoveryChoice(options.recovery), organs=organs)
    if options.registration:
        case = replace(case, registration=_registration(case, options.registration))
    if options.registration_option:
        changed = with_option(case.registration_options, *options.registration_option)
        case = replace(case, registration_options=changed)
    if options.fractions:
        case = replace(case, fractions={**case.fractions, **_pairs(options, "fractions", int)})
    if options.isotoxic_range:
        case = replace(case, isotoxic_range_gy=_range(options.isotoxic_range))
    for mode in options.uncertainty or ():
        case = replace(case, uncertainty=case.uncertainty.with_mode(mode))
    plain = {
        "reference": options.reference,
        "prescription_gy": options.prescription,
        "map_grid_mm": options.map_grid,
        "planned_scale": options.planned_scale,
        "identity_override": options.identity_override,
    }
    case = replace(case, **{key: value for key, value in plain.items() if value is not None})
    case = with_alpha_beta(case, _pairs(options, "alpha_beta", float))
    if options.de_identify:
        case = replace(case, de_identify=True)
    return _logged(case, options)


def _logged(case: Case, options: argparse.Namespace) -> Case:
    """Add to the history what the command line changed; first choices only if signed."""
    if not options.case and not options.author:
        return case
    before = case_to_json(read_case(options.case) if options.case else Case())
    changes = changes_of(before, case_to_json(case))
    if not changes:
        return case
    return replace(case, history=(*case.history, entry_now(options.author or "", changes)))


def _registration(case: Case, given: Sequence[str]) -> dict[str, str]:
    """Return the modes; one without a course replaces all of the case file."""
    for_all, for_one = [], {}
    for text in given:
        course, separator, mode = text.partition("=")
        one = bool(separator) and not Path(text).exists()
        if not (course and mode if one else text):
            reason = f"options: --registration {text} names no mode"
            raise RefusedError(reason)
        if one:
            for_one[course] = mode
        else:
            for_all.append(text)
    kept = {"*": for_all[-1]} if for_all else dict(case.registration)
    return {**kept, **for_one}


def _pairs(
    options: argparse.Namespace, name: str, convert: Callable[[str], Value]
) -> dict[str, Value]:
    option = "--" + name.replace("_", "-")
    pairs = {}
    for text in getattr(options, name) or ():
        key, separator, value = text.rpartition("=")
        try:
            number = convert(value) if separator and key else None
        except ValueError:
            number = None
        if number is None or not math.isfinite(number):
            reason = f"options: {option} {text} is not NAME=NUMBER"
            raise RefusedError(reason)
        pairs[key] = number
    return pairs


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError as error:
        reason = f"options: --isotoxic-range {text} is not MIN:MAX in Gy"
        raise RefusedError(reason) from error
