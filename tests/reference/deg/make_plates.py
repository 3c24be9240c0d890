#!/usr/bin/python3
"""Makes what lies beside it: plates.h5ad, a small screen of several plates, and plates.json with the labels that NumPy
and SciPy call on it (protocol section 8, chemical): Welch's test on every plate with more than 20 cells of the
perturbation and at least 2 of the control, Benjamini-Hochberg over genes, the majority over plates. Debian 12: NumPy
1.24.2, SciPy 1.10.1, anndata 0.8.0. Run it in its folder."""
import json
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy import stats

rng = np.random.default_rng(8)
N_GENES = 60
PLATES = ["p1", "p2", "p3", "p4"]
# Cells of each perturbation on each plate; p4 has one control cell.
N_CELLS = {
    "DMSO": [70, 40, 55, 1],
    "drug_a": [30, 26, 41, 0],   # three votes
    "drug_b": [25, 33, 0, 12],   # two votes: ties; p4 has too few cells
    "drug_c": [20, 21, 0, 0],    # one vote: 20 cells are too few
    "drug_d": [20, 9, 15, 0],    # none
    "drug_e": [0, 0, 0, 30],     # no vote for want of control cells
    "drug_f": [22, 40, 28, 27],  # three votes, and one plate without enough control cells
}


def make_screen():
    base = rng.lognormal(0.6, 0.8, N_GENES)
    base[7] = 0  # never seen
    plate_effect = rng.normal(0, 0.2, (len(PLATES), N_GENES))
    rows, obs = [], []
    for pert, numbers in N_CELLS.items():
        effect = np.zeros(N_GENES) if pert == "DMSO" else rng.normal(0, 0.9, N_GENES) * (rng.random(N_GENES) < 0.7)
        for p, n in enumerate(numbers):
            # A drug's effect is not the same on every plate, so that votes differ.
            here = effect * rng.choice([-1, -1, 0, 1, 1, 1], N_GENES)
            for _ in range(n):
                depth = rng.lognormal(0, 0.3)
                rows.append(rng.poisson(depth * base * np.exp(plate_effect[p] + here)))
                obs.append((pert, PLATES[p]))
    order = rng.permutation(len(rows))
    counts = np.array(rows)[order]
    table = pd.DataFrame([obs[i] for i in order], columns=["drug", "plate"], index=[f"cell{i}" for i in range(len(rows))])
    return counts, table


def normalise(counts):
    total = counts.sum(axis=1, keepdims=True)
    return np.log1p(counts / np.where(total > 0, total, 1) * 1e4)


def adjusted(p):
    order = np.argsort(p)
    q = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    out = np.empty(len(p))
    out[order] = np.minimum(q, 1)
    return out


def test_plate(cells, control):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t, p = stats.ttest_ind(cells, control, equal_var=False)
    flat = (cells.var(axis=0) == 0) & (control.var(axis=0) == 0)
    same = cells.mean(axis=0) == control.mean(axis=0)
    t, p = np.where(flat & same, 0, t), np.where(flat & same, 1, p)
    return t, adjusted(p)


def majority(votes):
    counts = [(votes == label).sum(axis=0) for label in (-1, 0, 1)]
    most = np.max(counts, axis=0)
    tied = sum(np.where(count == most, label, 0) for count, label in zip(counts, (-1, 0, 1)))
    return np.sign(tied)


counts, table = make_screen()
ad.AnnData(
    sp.csr_matrix(counts.astype(np.float32)),
    obs=table.assign(drug=pd.Categorical(table["drug"]), plate=pd.Categorical(table["plate"])),
    var=pd.DataFrame(index=[f"G{g}" for g in range(N_GENES)]),
).write_h5ad("plates.h5ad", compression="gzip")

x = normalise(counts.astype(np.float64))
drug, plate = table["drug"].to_numpy(), table["plate"].to_numpy()
out = {}
for pert in N_CELLS:
    if pert == "DMSO":
        continue
    votes, ts, qs = [], [], []
    for p in PLATES:
        cells, control = x[(drug == pert) & (plate == p)], x[(drug == "DMSO") & (plate == p)]
        if len(cells) <= 20 or len(control) < 2:
            continue
        t, q = test_plate(cells, control)
        votes.append(np.where(q < 0.05, np.sign(t), 0))
        ts.append(t)
        qs.append(q)
    if not votes:
        out[pert] = None
        continue
    out[pert] = {"n_votes": len(votes), "label": majority(np.array(votes)).astype(int).tolist(),
                 "t": np.mean(ts, axis=0).tolist(), "q": np.mean(qs, axis=0).tolist(),
                 "votes": np.array(votes).astype(int).tolist()}
with open("plates.json", "w") as file:
    json.dump(out, file)
