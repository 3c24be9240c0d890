"""Objects as inputs: which are taken, what is said of the others, and that no file and no change is left behind."""
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
import pandas as pd
import scipy.sparse
import small_screen as screen

import headroom
from headroom._flags import words_of
from headroom._memory import MemoryInputs


class Inputs(unittest.TestCase):
    def test_what_is_handed_over_lies_in_memory(self):
        with MemoryInputs() as inputs:
            for path in (inputs.task(screen.task(), "adata"), inputs.vectors(screen.good_vectors(), "good"),
                         inputs.table(pd.DataFrame({"a": [1]}), "noise")):
                self.assertTrue(os.readlink(path).startswith("/proc/self/fd/"), path)
                self.assertTrue(os.readlink(os.readlink(path)).startswith("/memfd:"), path)
                self.assertGreater(os.stat(path).st_size, 0)
            folder = Path(path).parents[1]
            n_open = len(os.listdir("/proc/self/fd"))
        self.assertFalse(folder.exists())
        self.assertEqual(len(os.listdir("/proc/self/fd")), n_open - 3)

    def test_an_anndata_stays_as_it_was(self):
        adata = screen.task()
        kinds, numbers = dict(adata.obs.dtypes), adata.X.copy()
        headroom.bounds(adata, quiet=True, **screen.FLAGS)
        self.assertEqual(dict(adata.obs.dtypes), kinds)
        self.assertEqual(adata.X.dtype, np.float64)
        np.testing.assert_array_equal(adata.X, numbers)

    def test_sparse_single_and_views_are_taken_as_well(self):
        adata = screen.task()
        whole = headroom.bounds(adata, quiet=True, **screen.FLAGS).gaps
        sparse = screen.task()
        sparse.X = scipy.sparse.csr_matrix(adata.X)
        pd.testing.assert_frame_equal(headroom.bounds(sparse, quiet=True, **screen.FLAGS).gaps, whole)
        view = adata[adata.obs["context"] == "a"]
        of_view = headroom.bounds(view, quiet=True, **screen.FLAGS).gaps
        pd.testing.assert_frame_equal(of_view, whole[whole["context"] == "a"].reset_index(drop=True))
        single = screen.task()
        single.X = adata.X.astype(np.float32)
        of_single = headroom.bounds(single, quiet=True, **screen.FLAGS).gaps
        self.assertFalse(of_single["wap"].equals(whole["wap"]))
        np.testing.assert_allclose(of_single["wap"], whole["wap"], rtol=1e-6)

    def test_tables_stand_for_files_of_flags(self):
        adata = screen.task()
        folds = pd.DataFrame({"pert_id": screen.ids(), "test_split": [i % 3 for i in range(screen.N_PERTURBATIONS)]})
        bounds = headroom.bounds(adata, quiet=True, fold_file=folds, **screen.FLAGS)
        method = bounds.summary["contexts"][0]["methods"][0]
        self.assertEqual([fold["fold"] for fold in method["folds"]], ["0", "1", "2"])

    def test_a_table_with_words_goes_as_text(self):
        vectors = screen.good_vectors().reset_index().rename(columns={"index": "pert_id"})
        results = headroom.run(screen.task(), {"good": vectors}, quiet=True, **screen.FLAGS)
        by_index = headroom.run(screen.task(), {"good": screen.good_vectors()}, quiet=True, **screen.FLAGS)
        pd.testing.assert_frame_equal(results.gaps, by_index.gaps)
        pd.testing.assert_frame_equal(results.methods, by_index.methods)

    def test_other_objects_are_refused_by_name(self):
        adata = screen.task()
        with self.assertRaisesRegex(TypeError, "the vectors of 'bad' are a dict"):
            headroom.run(adata, {"bad": {"P000": [1.0]}}, quiet=True)
        with self.assertRaisesRegex(ValueError, r"shape \(60, 6\), for 59 perturbations"):
            headroom.run(adata, {"bad": (screen.noise_vectors(), screen.ids()[1:])}, quiet=True)
        with self.assertRaisesRegex(TypeError, "a task is a path or an AnnData, not list"):
            headroom.bounds([1, 2])
        with self.assertRaisesRegex(TypeError, "the predictions are not all numbers"):
            headroom.score(adata, {"bad": pd.DataFrame({"GENE0": ["x"]}, index=["P000"])})
        with self.assertRaisesRegex(TypeError, "'json' is no flag of these functions"):
            headroom.bounds(adata, json=True)

    def test_arguments_become_flags(self):
        with MemoryInputs() as inputs:
            words = words_of({"common_dim": 50, "audit": True, "ablate": False, "fold": None, "metric": ("L2", "MAE"),
                              "grid": {"knn.k": [5, 10]}, "where": {"dose": 10}, "split_file": Path("a b.csv"),
                              "control": "-x"}, inputs)
        self.assertEqual(words, ["--common-dim", "50", "--audit", "--metric", "L2", "--metric", "MAE", "--grid",
                                 "knn.k=5,10", "--where", "dose=10", "--split-file", "a b.csv", "--control=-x"])

    def test_doubts_are_raised_of_objects_too(self):
        adata = screen.task()
        adata.obs["pert_id"] = adata.obs["pert_id"].replace({"P001": "p000"})
        with self.assertRaisesRegex(headroom.InputError, r"^\[labels.same_perturbation\] .*\(adata.h5ad"):
            headroom.bounds(adata, quiet=True)
        bounds = headroom.bounds(adata, quiet=True, accept="labels.same_perturbation", **screen.FLAGS)
        self.assertEqual(list(bounds.doubts["code"]), ["labels.same_perturbation"])
        self.assertEqual(list(bounds.doubts["accepted"]), [True])

    def test_results_are_not_left_behind(self):
        with tempfile.TemporaryDirectory() as place, mock.patch.object(tempfile, "tempdir", place):
            results = headroom.run(screen.task(), {"good": screen.good_vectors()}, quiet=True, **screen.FLAGS)
            self.assertEqual(os.listdir(place), [results.folder.name])
            kept = results.save(Path(place) / "kept")
            report = results.report()
            del results
            self.assertGreater(len(report.html), 1000)  # the report holds the folder
            del report
            self.assertEqual(os.listdir(place), ["kept"])
            self.assertEqual(len(kept.scores["name"].unique()), len(kept.methods["name"].unique()))


if __name__ == "__main__":
    unittest.main()
