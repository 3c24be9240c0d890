"""Writes metrics.json beside itself: the metrics of protocol section 4 on awkward little profiles.

Correlations are SciPy's; the rest is written out here in NumPy, one perturbation at a time.
Made with SciPy 1.10.1 and NumPy 1.24.2 (Debian 12): /usr/bin/python3 make_metrics.py
"""
import json
import pathlib
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore", stats.ConstantInputWarning)
rng = np.random.default_rng(20)
tests, genes = 9, 43
truth = np.round(rng.normal(size=(tests, genes)), 1)  # many ties between genes
prediction = np.round(0.6 * truth + rng.normal(scale=0.7, size=truth.shape), 1)
mean = np.round(rng.normal(scale=0.3, size=genes), 2)
truth[3] = truth[1]          # two perturbations with one profile
prediction[4] = prediction[2]  # one prediction for two perturbations
prediction[5] = 0.25         # constant
prediction[6] = mean         # the train mean
truth[7] = -1.5              # constant
prediction[8, :20] = 0.0
own_gene = [0, None, 42, 7, None, 7, 20, None, 3]
weights = rng.random((tests, genes))
weights /= weights.sum(axis=1, keepdims=True)


def correlation(function, a, b):
    if np.all(a == a[0]) or np.all(b == b[0]):
        return None
    return float(function(a, b)[0])


def share(better, tied, of):
    return float((better + 0.5 * tied) / of)


rows = {name: [] for name in "L2 MSE MAE Pearson Spearman Pearson_pert centroid_accuracy PDS_L1 WMSE".split()}
for p in range(tests):
    x, y = prediction[p], truth[p]
    rows["L2"].append(float(np.linalg.norm(x - y)))
    rows["MSE"].append(float(np.mean((x - y) ** 2)))
    rows["MAE"].append(float(np.mean(np.abs(x - y))))
    rows["Pearson"].append(correlation(stats.pearsonr, x, y))
    rows["Spearman"].append(correlation(stats.spearmanr, x, y))
    rows["Pearson_pert"].append(correlation(stats.pearsonr, x - mean, y - mean))
    others = [q for q in range(tests) if q != p]
    # Profiles are multiples of 0.05 at most: distances to 1e-9 tell ties from differences.
    d2 = np.round([np.sum((x - truth[q]) ** 2) for q in range(tests)], 9)
    rows["centroid_accuracy"].append(share(np.sum(d2[others] > d2[p]), np.sum(d2[others] == d2[p]), tests - 1))
    keep = np.arange(genes) != (-1 if own_gene[p] is None else own_gene[p])
    d1 = np.round([np.sum(np.abs(x - truth[q])[keep]) for q in range(tests)], 9)
    rows["PDS_L1"].append(1 - share(np.sum(d1[others] < d1[p]), np.sum(d1[others] == d1[p]), tests))
    rows["WMSE"].append(float(np.sum(weights[p] * (x - y) ** 2)))

reference = {"prediction": prediction.tolist(), "truth": truth.tolist(), "mean_training_delta": mean.tolist(),
             "own_gene": own_gene, "weights": weights.tolist(), "values": rows}
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(reference) + "\n")
