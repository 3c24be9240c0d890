"""A small task in memory, with an embedding that knows much of it and one that knows nothing."""
import contextlib
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

N_PERTURBATIONS, N_GENES, N_FACTORS = 60, 40, 4
FLAGS = {"metric": ["L2", "MAE"], "predictor": "knn", "common_dim": 8, "nulls": ["train_mean", "no_change"],
         "grid": {"knn.k": [3, 6]}, "threads": 2}
WORDS = ["--metric", "L2", "--metric", "MAE", "--predictor", "knn", "--common-dim", "8", "--nulls", "train_mean",
         "--nulls", "no_change", "--grid", "knn.k=3,6", "--threads", "2"]
PROGRAM = Path(sys.prefix) / "bin" / "headroom"


def ids():
    return [f"P{i:03d}" for i in range(N_PERTURBATIONS)]


def factors():
    return np.random.default_rng(1).normal(size=(N_PERTURBATIONS, N_FACTORS))


def deltas():
    random = np.random.default_rng(2)
    return factors() @ random.normal(size=(N_FACTORS, N_GENES)) + 0.3 * random.normal(size=(N_PERTURBATIONS, N_GENES))


def task():
    """Perturbations × genes, two contexts of as many perturbations, five folds."""
    both = np.vstack([deltas(), 0.8 * deltas() + 0.1])
    obs = pd.DataFrame({"pert_id": ids() * 2, "context": ["a"] * N_PERTURBATIONS + ["b"] * N_PERTURBATIONS,
                        "fold": [str(i % 5) for i in range(N_PERTURBATIONS)] * 2},
                       index=[f"row{i}" for i in range(2 * N_PERTURBATIONS)])
    var = pd.DataFrame(index=[f"GENE{i}" for i in range(N_GENES)])
    adata = anndata.AnnData(obs=obs, var=var)
    adata.X = both
    return adata


def good_vectors():
    return pd.DataFrame(factors(), index=ids())


def noise_vectors():
    return np.random.default_rng(3).normal(size=(N_PERTURBATIONS, 6))


@contextlib.contextmanager
def folder():
    """A folder to work in, as the current one."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as made:
        os.chdir(made)
        try:
            yield Path(made)
        finally:
            os.chdir(before)


def command(*words):
    """The program that the wheel brought: (exit code, stdout, stderr)."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def write(adata, path):
    """As users write it; what anndata says of the text columns is not of interest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.copy().write_h5ad(path)
