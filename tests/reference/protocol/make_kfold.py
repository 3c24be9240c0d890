"""Writes kfold.json beside itself: the test rows of scikit-learn's KFold for small sizes.

Made with scikit-learn 1.2.1 and NumPy 1.24.2 (Debian 12): /usr/bin/python3 make_kfold.py
"""
import json
import pathlib

import numpy as np
from sklearn.model_selection import KFold

CASES = [(2, 2, 42), (5, 5, 42), (6, 5, 42), (13, 5, 42), (13, 3, 7), (33, 4, 0), (97, 5, 4294967295), (12, 5, None)]


def test_rows(n, n_splits, seed):
    fold = KFold(n_splits, shuffle=seed is not None, random_state=seed)
    return [rows.tolist() for _, rows in fold.split(np.zeros((n, 1)))]


cases = [{"n": n, "n_splits": k, "seed": seed, "test_rows": test_rows(n, k, seed)} for n, k, seed in CASES]
long = KFold(5, shuffle=True, random_state=42).split(np.zeros((70000, 1)))
cases.append({"n": 70000, "n_splits": 5, "seed": 42, "first_test_rows": [rows[:20].tolist() for _, rows in long]})
pathlib.Path(__file__).with_name("kfold.json").write_text(json.dumps({"cases": cases}) + "\n")
