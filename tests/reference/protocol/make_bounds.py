"""Writes bounds.json beside itself: scikit-learn's PCA as the gene PCA null and the idealized cheater use it, NumPy's
quantiles, and Holm's adjustment written out.

Made with scikit-learn 1.2.1 and NumPy 1.24.2 (Debian 12): /usr/bin/python3 make_bounds.py
"""
import json
import pathlib

import numpy as np
from sklearn.decomposition import PCA

rng = np.random.default_rng(11)
genes, training, components = 17, 9, 4
deltas = np.round(rng.normal(size=(training, genes)) @ np.diag(np.linspace(2, 0.5, genes)) + 0.3, 4)
gene_scores = PCA(components, svd_solver="full").fit_transform(deltas.T)
perturbation_scores = PCA(components, svd_solver="full").fit_transform(deltas)

values = np.round(rng.normal(size=11), 3)
levels = [0, 0.025, 0.1, 0.5, 0.731, 0.9, 0.975, 0.995, 1]

p = np.array([0.04, 0.01, 0.03, 0.005, 0.6, 0.03])
order = np.argsort(p, kind="stable")
holm = np.empty_like(p)
holm[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))

reference = {
    "deltas": deltas.tolist(), "gene_scores": gene_scores.tolist(), "perturbation_scores": perturbation_scores.tolist(),
    "quantiles": {"values": values.tolist(), "levels": levels, "expected": np.quantile(values, levels).tolist()},
    "holm": {"p": p.tolist(), "expected": holm.tolist()},
}
pathlib.Path(__file__).with_name("bounds.json").write_text(json.dumps(reference) + "\n")
