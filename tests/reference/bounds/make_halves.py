"""Halves of the simulated challenge screen as scPertEval draws them: numpy's default_rng(42), labels ascending with at
least 30 cells, `shuffle` of each label's rows in file order; half 1 is the first floor(m / 2) of them.

    python3 make_halves.py SHARED/golden/vcc/real.h5ad > halves.json      (numpy 1.24, anndata 0.8)
"""
import json
import sys

import anndata
import numpy as np

screen = anndata.read_h5ad(sys.argv[1])
labels = screen.obs["target_gene"].astype(str).values
generator = np.random.default_rng(42)
halves = {}
for label in sorted(set(labels)):
    rows = np.flatnonzero(labels == label)
    if len(rows) < 30:
        continue
    generator.shuffle(rows)
    half = len(rows) // 2
    halves[label] = [sorted(int(row) for row in rows[:half]), sorted(int(row) for row in rows[half:])]
json.dump(halves, sys.stdout, separators=(",", ":"))
print()
