"""Words around the table of the registration benchmark."""

START = """# Registration engines compared

Known maps, the same pairs, one machine (2 cores, no GPU). Error: distance of the mapped from the
true position inside the body, where the prior CT sees, on a lattice of 4 mm. MDA: mean distance of
the propagated from the true organ surface. Folding: part of the body with a Jacobian of 0 or less.
Written by `Testing/Benchmarks/bench_registration.py`; the lowest error of a pair is in bold.

* **built-in**: the engine of this tool with its default settings, rigid step included.
* **SimpleITK B-spline**: nodes 30 mm apart, mean squares of HU from -200 to 400 (on `filling 20`
  mutual information of all HU was off by 1.6 instead of 0.9 mm and took longer), LBFGSB with at
  most 25 iterations and 50 evaluations, images of 4 mm, a tenth of their voxels. **SimpleITK
  demons**: fast symmetric forces, 60 iterations each at 12, 6 and 3 mm, sigma 2 voxels.
  **plastimatch B-spline**: mean squares, nodes 60, 30 and 15 mm apart, 50 iterations each,
  curvature penalty 1 (of 0.1, 1 and 20 tried on one pair: less lets tissue drift, more follows
  organs less). **greedy**: normalised cross-correlation over 2 voxels, 100, 50 and 10 iterations.
* All competitors start from the built-in rigid match (its time is in theirs) and get CTs whose
  couch and air were taken away, on one grid, the prior one filled with the reference where it does
  not see. Times of plastimatch and greedy include reading and writing files; `s` are seconds on the
  clock, which other work on the machine may lengthen, `CPU s` processor seconds on both cores, by
  which engines are compared.
* Settings of the built-in engine were chosen on `smooth 10`, `smooth 20`, `filling 10`, `filling 20
  gas+noise`, `demo small` and `pelvis`, those for contrast medium on `filling 20 contrast`; it saw
  the other pairs only when they were measured.
* Pairs: `smooth H` a slow field of up to H mm through the whole body; `filling H` bladder moved
  by H and rectum by 0.6 H mm in the centre, with noise of 12 HU, or 30 HU (`noise`), gas pockets
  that the other CT has not, contrast medium and another kV in the prior CT, a prior CT with two
  thirds of the slices cutting through the hips; the demo case; the pelvis case.
* Licences: plastimatch has a BSD-style licence of its own and picsl-greedy (PyPI 1.4.0.3) is
  Apache-2.0, so both may be used here; they are called as programs and are no part of this tool.

## Summary
"""

END = """
## What it says

Only pairs in these tables were measured; a goal is shown for them and no others. Where the field
moves a small part of the body only, a rigid match can have the lowest mean error although organs
are off by millimetres: read the mean together with the 95th percentile and the surfaces.

A mean far above the 95th percentile is an engine that diverged in a corner of the image.

Clinical size, two CTs of 512 x 512 x 150 voxels of 1 x 1 x 2 mm, rigid and deformable with the
backward run and the quality of seven organs: 25.8 s on the clock, 30.4 s of processor time on two
cores, 0.84 GB.
"""
