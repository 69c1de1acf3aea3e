"""A made-up evaluation for the tests of the report: every number is invented and distinct."""

import math
import struct
import zlib

from ReirradiationCore.report import (
    DvhCurve,
    FileLine,
    HandCheck,
    PatientLine,
    Picture,
    ReportData,
    Source,
)

# Structure, volume, prior, planned, cumulative without and with recovery, limit, verdict.
ORGANS = (
    ("Bowel_Small", 412.37, 61.214, 27.118, 88.332, 77.127, 75.0, "FAIL"),
    ("SacralPlex_L", 9.482, 38.551, 52.906, 91.457, 80.733, 82.5, "MARGINAL"),
    ("Rectum", 74.913, 70.337, 12.882, 83.219, 60.008, 110.0, "PASS"),
    ("Bladder", 151.246, 72.418, 3.077, 75.495, 51.597, 110.0, "PASS"),
    ("CaudaEquina", 0.734, 24.116, 9.943, None, None, 60.0, "NOT EVALUABLE"),
)

NOT_DRAWN = "no structure of the reference image is Kidney_L"


def png(width: int = 8, height: int = 6) -> bytes:
    """A small grey picture."""
    rows = b"".join(
        b"\x00" + bytes((40 * (x + y)) % 256 for x in range(width)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    coded = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(coded)


def metric(course, value, name="D0.1cc", quantity="EQD2", **more):
    found = {"metric": name, "quantity": quantity, "course": course, "value": value, "unit": "Gy"}
    return {**found, **more}


def structure(name, volume, prior, planned, plain, cumulative):
    why = (
        {} if cumulative is not None else {"note": "12.5 % of the organ is outside the prior dose"}
    )
    bounds = {} if cumulative is None else {"interval": [cumulative - 1.313, cumulative + 2.171]}
    metrics = [
        metric("prior-1", prior, note="before recovery"),
        metric("planned", planned),
        metric("cumulative_no_recovery", plain, **why),
        metric("cumulative", cumulative, **why, **bounds),
        metric("cumulative", None if plain is None else plain / 3, name="Dmean"),
    ]
    return {
        "name": name, "standard_name": name, "kind": "oar", "volume_cc": volume,
        "alpha_beta_gy": 3.0, "alpha_beta_source": "STRIDeR2025", "recovery": {"prior-1": 0.33},
        "recovery_source": {"prior-1": "strider_33"}, "mapping": {"prior-1": "DIR"},
        "known_prior_dose_fraction": {"prior-1": 1.0}, "metrics": metrics,
        "known_planned_dose_fraction": 1.0,
    }  # fmt: skip


def constraint(name, cumulative, plain, limit, verdict):
    margin = None if cumulative is None else limit - cumulative
    why = {} if margin is not None else {"note": "12.5 % of the organ is outside the prior dose"}
    return {
        "structure": name, "metric": "D0.1cc", "quantity": "EQD2", "alpha_beta_gy": 3.0,
        "scope": "cumulative", "relation": "<=", "limit": limit, "unit": "Gy",
        "value": cumulative, "margin": margin, "verdict": verdict, "set": "STRIDeR2025",
        "verdict_no_recovery": verdict if plain is None or plain <= limit else "FAIL",
        "source": "Invented, Journal of Examples 2025", **why,
    }  # fmt: skip


def results() -> dict:
    """Content of a results.json."""
    phase = {"plan_label": "PROST74", "fractions_planned": 37, "fractions_delivered": 36}
    boost = {"plan_label": "NODE30", "fractions_planned": 5, "fractions_delivered": 5}
    agreement = {"structure": "Bladder", "dsc": 0.931, "mda_mm": 1.12, "hd95_mm": 3.04}
    return {
        "schema_version": 1,
        "software": {"name": "ReirradiationPlanner", "version": "0.1.0"},
        "input_hash": "sha256:" + "0123456789abcdef" * 4,
        "courses": [
            {"id": "prior-1", "role": "prior", "label": "Prostate 2021", "patient_position": "HFS",
             "phases": [{**phase, "prescribed_dose_gy": 74.0}],
             "first_fraction_date": "2021-03-01", "last_fraction_date": "2021-04-22",
             "date_source": "treatment records", "interval_months": 31.4},
            {"id": "planned", "role": "planned", "label": "Node 2023", "patient_position": "HFS",
             "phases": [{**boost, "prescribed_dose_gy": 30.0}], "interval_months": None,
             "first_fraction_date": "2023-12-04"},
        ],
        "registrations": [
            {"course": "prior-1", "mode": "deformable", "engine": "SimpleITK demons",
             "seconds": 12.34, "approved_by": None,
             "quality": {"folding_fraction": 0.0004, "jacobian_min": 0.61, "jacobian_max": 1.52,
                         "inverse_consistency_mm": 0.43,
                         "structures": [{**agreement, "verdict": "pass"},
                                        {"structure": "Rectum", "dsc": 0.742, "mda_mm": 3.61,
                                         "hd95_mm": 9.93, "verdict": "fail"}]}},
        ],
        "structures": [structure(*organ[:6]) for organ in ORGANS],
        "constraints": [constraint(o[0], o[5], o[4], o[6], o[7]) for o in ORGANS]
        + [{**constraint("Kidney_L", None, None, 18.0, "NOT EVALUABLE"), "note": NOT_DRAWN}]
        + [{**constraint("Rectum", 12.41, None, 38.0, "PASS"), "quantity": "PHYSICAL",
            "scope": "rert_only", "alpha_beta_gy": None, "metric": "D1cc"}],
        "isotoxic": {"method": "scaled plan", "planned_prescription_gy": 30.0, "fractions": 5,
                     "max_prescription_gy": 29.31, "stepwise_prescription_gy": 29,
                     "limiting": [{"structure": "Bowel_Small", "metric": "D0.1cc"}],
                     "per_constraint": [{"structure": "Bowel_Small", "metric": "D0.1cc",
                                         "max_prescription_gy": 29.31}]},
        "hot_spots": [{"structure": o[0], "point_lps": [12.4, -33.1, 104.9]} for o in ORGANS],
        "unmatched_structures": ["z_help_3"],
        "protocols": [{"name": "STRIDeR2025", "date": "2025-01-31"}],
        "warnings": ["Bladder: alpha/beta of 3 Gy is a default, not from a protocol."],
        "timings_s": {"read": 1.23, "register": 12.34, "total": 17.11},
        "peak_memory_mb": 1480,
    }  # fmt: skip


def curve(name, course, top, width) -> DvhCurve:
    doses = [i * top / 200 for i in range(230)]
    volumes = [100 / (1 + math.exp((d - 0.4 * top) / width)) for d in doses]
    return DvhCurve(
        name, course, doses, [v if d < top else 0.0 for d, v in zip(doses, volumes, strict=True)]
    )


def report_data(content: dict | None = None, pictures=None) -> ReportData:
    """A report with everything in it."""
    curves = []
    for name, _, prior, planned, plain, cumulative, _, _ in ORGANS:
        curves += [
            curve(name, "prior-1", prior, prior / 9),
            curve(name, "planned", planned, planned / 14),
        ]
        if plain is not None:
            curves += [
                curve(name, "cumulative_no_recovery", plain, plain / 8),
                curve(name, "cumulative", cumulative, cumulative / 8),
            ]
    steps = (
        "prior-1: D 58.20 Gy in 36 fractions: EQD2 = 58.20 x (58.20/36 + 3) / (2 + 3) = 53.74 Gy",
        "after recovery of 33 %: 53.74 x (1 - 0.33) = 36.00 Gy",
        "planned: D 21.40 Gy in 5 fractions: EQD2 = 21.40 x (21.40/5 + 3) / (2 + 3) = 31.16 Gy",
    )
    return ReportData(
        results() if content is None else content,
        PatientLine("PHANTOM-01", "Pelvis^Phantom", "1950-01-01", "M"),
        curves,
        pictures or [Picture("Bowel_Small, axial", "Hottest 0.1 cc at S 104.9 mm.", png())],
        [HandCheck("Bowel_Small", (12.4, -33.1, 104.9), steps, 67.16)],
        [Source("Bladder D0.1cc", "110 Gy", "Invented, Journal of Examples 2025", "consensus")],
        [FileLine("prior-1", "RTDOSE", "1.2.826.0.1.3680043.8.498." + "1" * 38, "dose.dcm")],
    )
