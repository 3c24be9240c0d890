#!/usr/bin/python3
"""Makes heads.json beside this script: what scikit-learn predicts for small problems, for tests/plugins.

Run it as it is: it is deterministic. Made with scikit-learn 1.2.1, NumPy 1.24.2, Python 3.11 (Debian 12).
kNN: KNeighborsRegressor(algorithm="brute"). Lasso: Lasso(tol=1e-14, max_iter=10**7). Ridge: Ridge(solver="svd").
"""
import json
import pathlib

import numpy as np
from sklearn.linear_model import Lasso, Ridge
from sklearn.neighbors import KNeighborsRegressor


def problems():
    rng = np.random.default_rng(20261122)

    def deltas(features, genes, noise):
        weights = rng.normal(size=(features.shape[1], genes)) * (rng.random((features.shape[1], genes)) < 0.5)
        return features @ weights + noise * rng.normal(size=(len(features), genes)) + rng.normal(size=genes)

    def problem(name, training, query, noise=0.3, genes=3):
        return dict(name=name, training=training, query=query, deltas=deltas(training, genes, noise))

    scores = np.linalg.qr(np.c_[np.ones(14), rng.normal(size=(14, 4))])[0][:, 1:] * [9.0, 4.0, 2.0, 0.5]
    yield problem("orthogonal", scores, rng.normal(size=(3, 4)))

    mixed = rng.normal(size=(15, 5)) @ rng.normal(size=(5, 5))
    yield problem("correlated", mixed, rng.normal(size=(4, 5)))

    yield problem("fewer_rows_than_features", rng.normal(size=(6, 9)), rng.normal(size=(3, 9)))

    both = rng.normal(size=(12, 3))
    ask = rng.normal(size=(2, 3))
    yield problem("copied_feature", both[:, [0, 1, 2, 1]], ask[:, [0, 1, 2, 1]])

    constant = rng.normal(size=(10, 3))
    constant[:, 1] = 0.1
    yield problem("constant_feature", constant, rng.normal(size=(2, 3)))

    yield problem("far_from_the_origin", rng.normal(size=(11, 3)) + 1000.0, rng.normal(size=(2, 3)) + 1000.0)

    repeated = rng.normal(size=(6, 3))[[0, 1, 2, 3, 4, 5, 0, 1]]
    yield problem("repeated_rows", repeated, repeated[:2] + 0.25)


def main():
    grids = dict(knn=[1, 3, 5], lasso=[1e-3, 1e-2, 1e-1, 1.0], ridge=[1e-2, 1.0, 100.0])
    cases = []
    for p in problems():
        x, y, q = p["training"], p["deltas"], p["query"]
        fits = dict(
            knn=[KNeighborsRegressor(k, algorithm="brute").fit(x, y).predict(q) for k in grids["knn"]],
            lasso=[np.column_stack([Lasso(a, tol=1e-14, max_iter=10**7).fit(x, y[:, g]).predict(q)
                                    for g in range(y.shape[1])]) for a in grids["lasso"]],
            ridge=[Ridge(a, solver="svd").fit(x, y).predict(q) for a in grids["ridge"]])
        cases.append(dict(name=p["name"], training=x.tolist(), query=q.tolist(), deltas=y.tolist(),
                          **{head: [f.tolist() for f in fit] for head, fit in fits.items()}))
    path = pathlib.Path(__file__).with_name("heads.json")
    path.write_text(json.dumps(dict(grids=grids, cases=cases), indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
