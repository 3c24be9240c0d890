#!/usr/bin/python3
"""Makes what lies beside it: one tiny screen in every storage that `prepare` reads, and reference.json with the deltas,
closed-form errors and scores that NumPy and SciPy give. Debian 12: NumPy 1.24.2, SciPy 1.10.1, anndata 0.8.0, h5py 3.7.0.
Run it in its folder."""
import gzip
import json
import os

import anndata as ad
import numpy as np
import pandas as pd
import scipy
import scipy.io
import scipy.sparse as sp
from scipy.stats import pearsonr, spearmanr

rng = np.random.default_rng(20)
N_CELLS, N_GENES = 48, 14
PERTS = ["ENSG05", "ENSG01", "ENSG03", "non-targeting"]


def make_screen():
    pert = rng.choice(PERTS, N_CELLS, p=[0.25, 0.2, 0.15, 0.4])
    batch = rng.choice([2, 10, 3], N_CELLS)
    batch[pert == "ENSG03"] = 10  # a perturbation that occurs in one batch only
    effect = {p: rng.normal(0, 0.6, N_GENES) for p in PERTS}
    base = rng.lognormal(0.5, 1, N_GENES)
    counts = np.array([rng.poisson(base * np.exp(effect[p])) for p in pert])
    counts[5] = 0  # a cell without counts is still a cell
    counts[7, 2] = 70000  # more than 16 bits
    obs = pd.DataFrame(
        {"target_gene": pd.Categorical(pert), "batch": pd.Categorical(batch.astype(str)), "split": [{"ENSG01": 0, "ENSG03": 1}.get(p, 2) for p in pert]},
        index=[f"cell{i:02d}" for i in range(N_CELLS)])
    obs.index.values[3] = "cell02"  # barcodes repeat in real files
    var = pd.DataFrame({"symbol": [f"S{g}" for g in range(N_GENES)]}, index=[f"ENSG{g:02d}" for g in range(N_GENES)])
    return counts, obs, var


def write_variants(counts, obs, var):
    def save(name, X, compression, **more):
        A = ad.AnnData(X, obs=obs.copy(), var=var.copy(), dtype=X.dtype, **more)
        A.write_h5ad(name, compression=compression)

    log = np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e4)
    save("csr_float32_gzip.h5ad", sp.csr_matrix(counts.astype(np.float32)), "gzip")
    save("csr_int64.h5ad", sp.csr_matrix(counts.astype(np.int64)), None)
    save("csc_float32_lzf.h5ad", sp.csc_matrix(counts.astype(np.float32)), "lzf")
    save("dense_float64_gzip.h5ad", counts.astype(np.float64), "gzip")
    save("log_layers.h5ad", log, None, layers={"counts": sp.csr_matrix(counts.astype(np.uint32))})
    A = ad.AnnData(sp.csr_matrix(counts.astype(np.float32)), obs=obs.copy(), var=var.copy(), dtype=np.float32)
    A.raw = A
    A = A[:, 3:9].copy()
    A.X = A.X * 0.5
    A.write_h5ad("raw.h5ad")

    os.makedirs("matrix_market", exist_ok=True)
    lines = ["%%MatrixMarket matrix coordinate integer general", "%"]
    T = sp.coo_matrix(counts.T)
    lines.append(f"{N_GENES} {N_CELLS} {T.nnz}")
    lines += [f"{r + 1} {c + 1} {v}" for r, c, v in zip(T.row, T.col, T.data)]
    barcodes = [f"cell{i:02d}" for i in range(N_CELLS)]
    for name, text in (("matrix.mtx.gz", lines), ("barcodes.tsv.gz", barcodes),
                       ("features.tsv.gz", [f"{i}\t{s}\tGene Expression" for i, s in zip(var.index, var.symbol)])):
        with gzip.GzipFile(f"matrix_market/{name}", "wb", mtime=0) as f:
            f.write(("\n".join(text) + "\n").encode())
    table = obs.copy()
    table.index = pd.Index(barcodes, name="barcode")
    table.sample(frac=1, random_state=1).to_csv("matrix_market/cells.tsv", sep="\t")


def deltas(counts, obs, design):
    total = counts.sum(1, keepdims=True)
    x = np.log1p(counts / np.where(total == 0, 1, total) * 1e4)
    pert, batch = obs.target_gene.astype(str).to_numpy(), obs.batch.astype(str).to_numpy()

    def moments(p):
        out = {}
        for b in sorted(set(batch[pert == p])):
            c = x[(pert == p) & (batch == b)]
            out[b] = c.mean(0), (c.var(0, ddof=1) / len(c) if len(c) > 1 else np.zeros(N_GENES))
        return out

    control = moments("non-targeting")
    result = {}
    for p in sorted(set(pert) - {"non-targeting"}):
        m = moments(p)
        if design == "global":
            d = np.mean([v[0] for v in m.values()], axis=0) - np.mean([v[0] for v in control.values()], axis=0)
            se2 = sum(v[1] for v in m.values()) / len(m) ** 2 + sum(v[1] for v in control.values()) / len(control) ** 2
        else:
            d = np.mean([m[b][0] - control[b][0] for b in m], axis=0)
            se2 = sum(m[b][1] + control[b][1] for b in m) / len(m) ** 2
        result[p] = {"delta": d.tolist(), "closed_form": float(np.sqrt(se2.sum())), "n_cells": int((pert == p).sum()), "n_batches": len(m)}
    return result


def scores(prediction, truth):
    p, t = np.asarray(prediction), np.asarray(truth)
    d = p - t
    constant = np.ptp(p) == 0 or np.ptp(t) == 0
    return {"L2": float(np.linalg.norm(d)), "MSE": float((d**2).mean()), "MAE": float(np.abs(d).mean()),
            "Spearman": None if constant else float(spearmanr(p, t)[0]), "Pearson": None if constant else float(pearsonr(p, t)[0])}


def main():
    counts, obs, var = make_screen()
    write_variants(counts, obs, var)
    cases = []
    for n in (2, 9, 200):
        t = rng.normal(size=n)
        cases.append((t + rng.normal(size=n), t))
    cases.append((np.round(rng.normal(size=60)), np.round(rng.normal(size=60))))  # ties
    cases.append((np.full(5, 2.0), np.arange(5.0)))  # a constant prediction
    reference = {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "anndata": ad.__version__},
        "n_cells": N_CELLS, "n_genes": N_GENES,
        "global": deltas(counts, obs, "global"), "matched": deltas(counts, obs, "matched"),
        "score_profile": [{"prediction": list(map(float, p)), "truth": list(map(float, t)), "scores": scores(p, t)} for p, t in cases],
    }
    with open("reference.json", "w") as f:
        json.dump(reference, f, indent=1)


main()
