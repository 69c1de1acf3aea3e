"""DVHs of a folder by dicompyler-core; run by `bench_dvh` with the interpreter that has it.

python dvh_dicompyler.py RTSTRUCT RTDOSE [interpolation resolution in mm]

Writes one JSON object: processor seconds of reading both files and of each DVH, and per structure
volume (cc), D0.1cc and mean dose (Gy).
"""

import json
import sys
import time
import warnings

import dicompylercore
from dicompylercore import dicomparser, dvhcalc

warnings.filterwarnings("ignore")
began = time.process_time()
structures = dicomparser.DicomParser(sys.argv[1])
dose = dicomparser.DicomParser(sys.argv[2])
options = {}
if len(sys.argv) > 3:
    options = {
        "interpolation_resolution": float(sys.argv[3]),
        "interpolation_segments_between_planes": 2,
        "use_structure_extents": True,
    }
names = {number: one["name"] for number, one in structures.GetStructures().items()}
reading = time.process_time() - began
found, seconds = {}, {}
for number, name in names.items():
    began = time.process_time()
    dvh = dvhcalc.get_dvh(structures.ds, dose.ds, number, **options)
    seconds[name] = time.process_time() - began
    hot = dvh.statistic("D0.1cc").value
    found[name] = [float(dvh.volume), float(hot), float(dvh.mean)]
answer = {
    "version": dicompylercore.__version__,
    "reading_s": reading,
    "seconds": seconds,
    "found": found,
}
json.dump(answer, sys.stdout)
