"""Writes pca.json beside itself: scikit-learn's StandardScaler and PCA on a small awkward matrix.

Made with scikit-learn 1.2.1 and NumPy 1.24.2 (Debian 12): /usr/bin/python3 make_pca.py
"""
import json
import pathlib

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(3)
train = np.round(rng.normal(size=(14, 6)) * [1, 10, 0.1, 1, 1, 3] + [0, 100, 0, 0, 5, 0], 4)
query = np.round(rng.normal(size=(4, 6)) * [1, 10, 0.1, 1, 1, 3] + [0, 100, 0, 0, 5, 0], 4)
train[:, 3] = 0.1                       # constant, not a binary fraction: its mean rounds
train[:, 4] = 1e6 + 1e-4 * train[:, 4]  # nearly constant, but not to the scaler
query[:, 3] = 0.4
scaler = StandardScaler().fit(train)
pca = PCA(n_components=4, svd_solver="full").fit(scaler.transform(train))
reference = {"train": train.tolist(), "query": query.tolist(), "mean": scaler.mean_.tolist(),
             "scale": scaler.scale_.tolist(), "train_scores": pca.transform(scaler.transform(train)).tolist(),
             "query_scores": pca.transform(scaler.transform(query)).tolist()}
pathlib.Path(__file__).with_name("pca.json").write_text(json.dumps(reference) + "\n")
