"""Writes run.json beside itself: a small screen with everything that the protocol makes of it, written out with NumPy
alone: folds, PCA, kNN, lasso, nulls, cheaters, every metric per test perturbation, bounds and percentages.

Made with NumPy 1.24.2 (Debian 12): /usr/bin/python3 make_run.py
"""
import itertools
import json
import pathlib

import numpy as np

P, G, D = 24, 14, 4
FOLDS, INNER = 4, 3
GRID = {"knn": [2, 4, 40], "lasso": [0.01, 0.1, 1.0]}
HIGHER = {"Pearson", "Spearman", "Pearson_pert", "centroid_accuracy", "PDS_L1"}
METRICS = ["L2", "MSE", "MAE", "Pearson", "Spearman", "Pearson_pert", "centroid_accuracy", "PDS_L1"]

rng = np.random.default_rng(20261127)
genes = [f"g{g:02d}" for g in range(G)]
# Half of the perturbations are measured genes; as strings they are sorted.
perts = sorted([f"g{g:02d}" for g in range(12)] + [f"x{p:02d}" for p in range(P - 12)])
factors = rng.normal(size=(P, 3))
deltas = np.round(factors @ rng.normal(size=(3, G)) + 0.4 * rng.normal(size=(P, G)) + 0.3, 4)
vectors = np.round(np.c_[factors + 0.3 * rng.normal(size=(P, 3)), rng.normal(size=(P, 3))], 4)
present = np.ones(P, bool)
present[[3, 17]] = False
folds = np.array([(p * 7 + 2) % FOLDS for p in range(P)])
noise = {q: np.round(scale * (1 + 0.2 * rng.random(P)), 4) for q, scale in ((0.1, 0.5), (0.5, 0.8), (0.9, 1.1))}
closed_form = np.round(0.7 * (1 + 0.2 * rng.random(P)), 4)


def kfold(n, k, seed):
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    sizes = [n // k + (i < n % k) for i in range(k)]
    return [np.sort(part) for part in np.split(order, np.cumsum(sizes)[:-1])]


def pca(training, d):
    """Scores of rows on the d leading axes of the training rows, signs as they come."""
    mean = training.mean(0)
    axes = np.linalg.svd(training - mean, full_matrices=False)[2][:d]
    return lambda rows: (rows - mean) @ axes.T


def reduced(training, query, d):
    scale = training.std(0)
    scale[scale == 0] = 1
    to = lambda rows: (rows - training.mean(0)) / scale
    scores = pca(to(training), d)
    return scores(to(training)), scores(to(query))


def knn(x, y, q, k):
    if k > len(x):
        return None
    distance = np.linalg.norm(q[:, None] - x[None], axis=2)
    return np.array([y[np.argsort(row, kind="stable")[:k]].mean(0) for row in distance])


def lasso(x, y, q, alpha):
    """Cyclic coordinate descent on 1/(2n)|y - b - Zw|^2 + alpha|w|_1, far beyond the tolerance of the test."""
    centre, n = x.mean(0), len(x)
    z, target = x - centre, y - y.mean(0)
    gram, correlation = z.T @ z / n, z.T @ target / n
    w = np.zeros((x.shape[1], y.shape[1]))
    for _ in range(20000):
        before = w.copy()
        for j in range(len(w)):
            if gram[j, j] == 0:
                continue
            rho = correlation[j] - gram[j] @ w + gram[j, j] * w[j]
            w[j] = np.sign(rho) * np.maximum(np.abs(rho) - alpha, 0) / gram[j, j]
        if np.abs(w - before).max() < 1e-15:
            break
    return y.mean(0) + (q - centre) @ w


HEADS = {"knn": knn, "lasso": lasso}


def through_head(head, training, test, y, raw):
    """Predictions of the test rows and the chosen setting; None where no setting is feasible."""
    splits = kfold(len(training), INNER, 42)
    parts = [np.setdiff1d(np.arange(len(training)), held_out) for held_out in splits]
    d = min([D] + [min(len(part), training.shape[1]) for part in parts])
    scores = []
    for value in GRID[head]:
        errors = []
        for part, held_out in zip(parts, splits):
            x, q = (training[part], training[held_out]) if raw else reduced(training[part], training[held_out], d)
            predicted = HEADS[head](x, y[part], q, value)
            errors.append(np.inf if predicted is None else np.linalg.norm(predicted - y[held_out], axis=1).mean())
        scores.append(-np.mean(errors))
    best = GRID[head][int(np.argmax(scores))]
    x, q = (training, test) if raw else reduced(training, test, d)
    return HEADS[head](x, y, q, best), best


def ranks(row):
    order = np.argsort(row, kind="stable")
    result = np.empty(len(row))
    for value in np.unique(row):
        result[row == value] = np.mean(np.flatnonzero(np.sort(row) == value))
    return result


def correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return None if np.ptp(a) == 0 or np.ptp(b) == 0 else float(a @ b / norms)


def metrics(predicted, truth, mean, ids):
    found = {metric: [] for metric in METRICS}
    for p, (guess, y) in enumerate(zip(predicted, truth)):
        found["L2"].append(float(np.linalg.norm(guess - y)))
        found["MSE"].append(float(np.mean((guess - y) ** 2)))
        found["MAE"].append(float(np.mean(np.abs(guess - y))))
        found["Pearson"].append(correlation(guess, y))
        found["Spearman"].append(None if np.ptp(guess) == 0 else correlation(ranks(guess), ranks(y)))
        found["Pearson_pert"].append(None if np.allclose(guess, mean, atol=1e-12) else correlation(guess - mean, y - mean))
        others = np.delete(np.arange(len(truth)), p)
        euclidean = np.linalg.norm(guess - truth, axis=1)
        found["centroid_accuracy"].append(
            float(np.mean((euclidean[others] > euclidean[p]) + 0.5 * (euclidean[others] == euclidean[p]))))
        kept = [g for g in range(G) if genes[g] != ids[p]]
        l1 = np.abs(guess[kept] - truth[:, kept]).sum(1)
        found["PDS_L1"].append(float(1 - np.sum((l1[others] < l1[p]) + 0.5 * (l1[others] == l1[p])) / len(truth)))
    return found


measured = np.array([p in genes for p in perts])
methods = {}  # name -> role, per fold {values, best}


def add(name, role, values, best=None):
    method = methods.setdefault(name, {"role": role, "folds": []})
    method["folds"].append({"values": values, "best": best})


for fold in range(FOLDS):
    train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
    y, truth, mean = deltas[train], deltas[test], deltas[train].mean(0)
    ids = [perts[p] for p in test]
    score = lambda predicted: metrics(predicted, truth, mean, ids)
    add("train_mean", "null", score(np.tile(mean, (len(test), 1))))
    add("no_change", "null", score(np.zeros((len(test), G))))
    gene_vectors = np.zeros((P, D))
    by_gene = pca(y.T, D)(y.T)
    for p in np.flatnonzero(measured):
        gene_vectors[p] = by_gene[genes.index(perts[p])]
    ideal = pca(deltas, D)(deltas)
    sources = [("gene_pca", "null", gene_vectors, measured, False), ("idealized", "cheater", ideal, np.ones(P, bool), True),
               ("mine", "plugin", vectors, present, False)]
    for (name, role, rows, there, raw), head in itertools.product(sources, HEADS):
        x, q = there[train], there[test]
        predicted = np.tile(mean, (len(test), 1))
        predicted[q], best = through_head(head, rows[train[x]], rows[test[q]], y[x], raw)
        add(f"{name}+{head}", role, score(predicted), best)
    add("sampling_error_q90", "cheater", {"L2": noise[0.9][test].tolist()})
    add("sampling_error_q50", "reference", {"L2": noise[0.5][test].tolist()})
    add("sampling_error_closed_form", "reference", {"L2": closed_form[test].tolist()})


def over_folds(method, metric):
    """The median over folds of the fold means; None unless every value is there."""
    means = []
    for fold in method["folds"]:
        values = fold["values"].get(metric)
        if values is None or any(v is None for v in values):
            return None
        means.append(np.mean(values))
    return float(np.median(means))


def scale(metric, competing):
    """WAP and BAP among the competing methods, and what every method closes of the gap between them."""
    sign = 1 if metric in HIGHER else -1
    values = {name: over_folds(method, metric) for name, method in methods.items()}
    of = lambda role: [n for n in methods if methods[n]["role"] == role and values[n] is not None and competing(n)]
    wap = max(of("null"), key=lambda n: sign * values[n])
    bap = min(of("cheater"), key=lambda n: sign * values[n])
    gap = sign * (values[bap] - values[wap])
    closed = {n: 100 * sign * (values[n] - values[wap]) / gap for n in methods if values[n] is not None and gap > 0}
    return {"wap": wap, "bap": bap, "gap": gap, "values": values, "closed": closed}


reference = {
    "components": D, "inner_folds": INNER, "grid": GRID, "metrics": METRICS, "genes": genes, "perturbations": perts,
    "deltas": deltas.tolist(), "folds": folds.tolist(), "vectors": vectors.tolist(), "present": present.tolist(),
    "noise": {str(q): values.tolist() for q, values in noise.items()}, "closed_form": closed_form.tolist(),
    "methods": methods,
    "task_scale": {metric: scale(metric, lambda n: True) for metric in METRICS},
    "head_scale": {head: {metric: scale(metric, lambda n: "+" not in n or n.endswith("+" + head)) for metric in METRICS}
                   for head in HEADS},
}
pathlib.Path(__file__).with_name("run.json").write_text(json.dumps(reference) + "\n")
