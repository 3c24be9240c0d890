"""The same bytes as the command, of the same inputs as files."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import anndata
import numpy as np
import pandas as pd
import small_screen as screen

import headroom

#: What summary.json tells of the machine: promised to be the only difference between two runs.
MEASURED = {"wall_s", "cpu_s", "peak_memory_bytes"}
#: An h5ad in memory holds the same as the file, in another order of bytes.
HASHES = {"sha256", "data_sha256"}


def without(value, keys):
    if isinstance(value, dict):
        return {key: without(each, keys) for key, each in value.items() if key not in keys}
    return [without(each, keys) for each in value] if isinstance(value, list) else value


class SameNumbers(unittest.TestCase):
    def assert_same_run(self, results, out, but_for=MEASURED):
        for name in ("scores.csv", "perturbations.csv", "strata.csv"):
            self.assertEqual((results.folder / name).read_bytes(), Path(out, name).read_bytes(), name)
        of_command = json.loads(Path(out, "summary.json").read_text())
        self.assertEqual(without(results.summary, but_for), without(of_command, but_for))

    def test_bounds_of_an_anndata_are_those_of_its_file(self):
        adata = screen.task()
        with screen.folder():
            screen.write(adata, "adata.h5ad")
            code, printed, messages = screen.command("bounds", "adata.h5ad", "--json", *screen.WORDS)
            self.assertEqual(code, 0, messages)
        bounds = headroom.bounds(adata, quiet=True, **screen.FLAGS)
        but_for = MEASURED | HASHES
        self.assertEqual(without(bounds.summary, but_for), without(json.loads(printed), but_for))
        self.assertEqual(len(bounds.summary["task"]["sha256"]), 64)

    def test_a_run_of_objects_is_that_of_their_files(self):
        adata, good, noise = screen.task(), screen.good_vectors(), screen.noise_vectors()
        with screen.folder():
            screen.write(adata, "adata.h5ad")
            np.savez("good.npz", ids=np.asarray(screen.ids()), vectors=good.to_numpy())
            np.savez("noise.npz", ids=np.asarray(screen.ids()), vectors=noise)
            single = anndata.AnnData(obs=pd.DataFrame(index=screen.ids()), var=pd.DataFrame(index=["x", "y"]))
            single.X = noise[:, :2].astype(np.float32)
            screen.write(single, "single.h5ad")
            code, _, messages = screen.command("run", "adata.h5ad", "--embedding", "good=good.npz", "--embedding",
                                               "noise=noise.npz", "--embedding", "single=single.h5ad", "-o", "out",
                                               *screen.WORDS)
            self.assertEqual(code, 0, messages)
            results = headroom.run(adata, {"good": good, "noise": (noise, screen.ids()), "single": single}, quiet=True,
                                   **screen.FLAGS)
            self.assert_same_run(results, "out", MEASURED | HASHES)
            by_path = headroom.run("adata.h5ad", {"good": "good.npz", "noise": Path("noise.npz"),
                                                  "single": "single.h5ad"}, out="by_path", quiet=True, **screen.FLAGS)
            self.assert_same_run(by_path, "out")
            self.assertEqual(by_path.report().html, Path("by_path/report.html").read_text())

    def test_scores_of_objects_are_those_of_their_files(self):
        adata = screen.task()
        perfect = adata.copy()
        frame = pd.DataFrame(screen.deltas(), index=screen.ids(), columns=adata.var_names)
        with screen.folder():
            screen.write(adata, "adata.h5ad")
            screen.write(perfect, "perfect.h5ad")
            table = anndata.AnnData(obs=pd.DataFrame({"pert_id": screen.ids()},
                                                     index=[f"row{i}" for i in range(len(frame))]),
                                    var=pd.DataFrame(index=frame.columns))
            table.X = frame.to_numpy()
            screen.write(table, "table.h5ad")
            words = ["--metric", "L2", "--threads", "2"]
            code, _, messages = screen.command("score", "adata.h5ad", "--predictions", "perfect=perfect.h5ad",
                                               "--predictions", "table=table.h5ad", "-o", "out", *words)
            self.assertEqual(code, 0, messages)
            results = headroom.score(adata, {"perfect": perfect, "table": frame}, quiet=True, metric="L2", threads=2)
            self.assert_same_run(results, "out", MEASURED | HASHES)
        closed = results.methods.query("head == 'knn'").set_index(["context", "name"])["gap_closed"]
        self.assertGreater(closed["a", "perfect"], 100)
        self.assertAlmostEqual(closed["a", "perfect"], closed["a", "table"])
        self.assertLess(closed["b", "table"], closed["a", "table"])

    def test_errors_are_the_command_s(self):
        adata = screen.task()
        with screen.folder():
            screen.write(adata, "adata.h5ad")
            for words, given in [
                (["bounds", "adata.h5ad", "--pert-col", "nothing"], {"pert_col": "nothing"}),
                (["bounds", "adata.h5ad", "--common-dim", "0"], {"common_dim": 0}),
                (["bounds", "adata.h5ad", "--no-such-flag"], {"no_such_flag": True}),
                (["bounds", "adata.h5ad", "--ceiling", "sky"], {"ceiling": "sky"}),
            ]:
                code, _, messages = screen.command(*words)
                self.assertEqual(code, 2)
                told = [line for line in messages.splitlines() if line.startswith("headroom: error: ")]
                with self.assertRaises(headroom.InputError) as caught:
                    headroom.bounds(adata, quiet=True, **given)
                self.assertEqual("headroom: error: " + str(caught.exception), told[0])
            self.assertRaises(headroom.InputError, headroom.bounds, "no_such_task.h5ad", quiet=True)


if __name__ == "__main__":
    unittest.main()
