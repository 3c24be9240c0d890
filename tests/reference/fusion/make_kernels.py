#!/usr/bin/python3
"""Makes kernels.json beside this script: protocol section 9's kernels and leave-one-out residuals, by definition.

Run it as it is: it is deterministic. Made with NumPy 1.24.2, Python 3.11 (Debian 12). Leave-one-out residuals come from
solving the ridge problem anew without each row, the kernels held fixed; the best lambda of one kernel from a grid that
is refined twelve times.
"""
import json
import pathlib

import numpy as np

rng = np.random.default_rng(20261127)
N, Q, GENES = 17, 4, 6


def kernel(kind, a, b, m):
    if kind == "linear":
        return a @ b.T
    d2 = ((a[:, None, :] - b[None, :, :]) ** 2).sum(2)
    return np.exp(-d2 / (2 * m * m))


def block_kernels(x, has, xq, has_q, kind):
    """K of the training rows, and of query rows with training rows, centred, masked and scaled."""
    z = x[has]
    d = np.sqrt(((z[:, None, :] - z[None, :, :]) ** 2).sum(2))
    m = np.median(d[np.triu_indices(len(z), 1)])
    raw, raw_q = kernel(kind, z, z, m), kernel(kind, xq, z, m)
    h = np.eye(len(z)) - 1 / len(z)
    k, kq = np.zeros((N, N)), np.zeros((Q, N))
    k[np.ix_(has, has)] = h @ raw @ h
    kq[np.ix_(has_q, has)] = ((raw_q - raw.mean(0)) @ h)[has_q]
    scale = N / np.trace(k)
    return k * scale, kq * scale


def fit(k, y, lam):
    """Dual ridge with a free intercept: K a + b 1 + lam a = y, 1'a = 0."""
    n = len(y)
    system = np.block([[k + lam * np.eye(n), np.ones((n, 1))], [np.ones((1, n)), np.zeros((1, 1))]])
    solution = np.linalg.solve(system, np.vstack([y, np.zeros((1, y.shape[1]))]))
    return solution[:n], solution[n]


def loo(k, y, lam):
    norms = []
    for i in range(len(y)):
        rest = np.delete(np.arange(len(y)), i)
        a, b = fit(k[np.ix_(rest, rest)], y[rest], lam)
        norms.append(np.linalg.norm(y[i] - (k[i, rest] @ a + b)))
    return float(np.mean(norms))


def best_lambda(k, y):
    grid = np.linspace(-4, 4, 41)
    for _ in range(12):
        values = [loo(k, y, 10**g) for g in grid]
        best = int(np.argmin(values))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        grid = np.linspace(low, high, 9)
    return float(10 ** grid[int(np.argmin([loo(k, y, 10**g) for g in grid]))])


def main():
    x = [rng.normal(size=(N, 3)), rng.normal(size=(N, 2))]
    xq = [rng.normal(size=(Q, 3)), rng.normal(size=(Q, 2))]
    has = [np.ones(N, bool), np.ones(N, bool)]
    has_q = [np.ones(Q, bool), np.ones(Q, bool)]
    has[1][[2, 9, 10]] = False
    has_q[1][1] = False
    x[1][~has[1]] = 0
    xq[1][~has_q[1]] = 0
    y = np.tanh(x[0] @ rng.normal(size=(3, GENES))) + x[1] @ rng.normal(size=(2, GENES)) + 0.5 * rng.normal(size=(N, GENES))
    kernels = [block_kernels(x[b], has[b], xq[b], has_q[b], kind) for b in range(2) for kind in ("linear", "rbf")]
    v = np.array([0.7, 1.3, 0.4, 2.1])
    total = sum(w * k for w, (k, _) in zip(v, kernels))
    alone = []
    for kind, number in (("linear", 0), ("rbf", 1)):
        k, kq = kernels[number]
        lam = best_lambda(k, y)
        a, b = fit(k, y, lam)
        alone.append(dict(kind=kind, **{"lambda": lam}, loo=loo(k, y, lam), prediction=(kq @ a + b).tolist()))
    path = pathlib.Path(__file__).with_name("kernels.json")
    path.write_text(json.dumps(dict(
        blocks=[dict(training=x[b].tolist(), query=xq[b].tolist(), training_present=has[b].astype(int).tolist(),
                     query_present=has_q[b].astype(int).tolist()) for b in range(2)],
        deltas=y.tolist(), kernels=[k.tolist() for k, _ in kernels], query_kernels=[kq.tolist() for _, kq in kernels],
        v=v.tolist(), loo_of_v=loo(total, y, 1.0), alone=alone), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
