"""Results as tables, texts and pages."""
import json
import os
import sys
import unittest
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
import pandas as pd
import small_screen as screen

import headroom


def run(**flags):
    embeddings = {"good": screen.good_vectors(), "noise": (screen.noise_vectors(), screen.ids())}
    return headroom.run(screen.task(), embeddings, quiet=True, **{**screen.FLAGS, **flags})


class ResultTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = run()

    def test_gaps_are_those_of_the_summary(self):
        gaps = self.results.gaps
        self.assertEqual(len(gaps), len(self.results.summary["contexts"]))
        for row, context in zip(gaps.itertuples(), self.results.summary["contexts"]):
            self.assertEqual((row.context, row.metric, row.head), (context["context"], context["metric"], context["head"]))
            self.assertEqual((row.wap, row.bap, row.gap),
                             (context["wap"]["value"], context["bap"]["value"], context["gap"]["value"]))
            self.assertEqual(row.wap_method, context["wap"]["method"])
            self.assertEqual(row.defined, context["gap"]["defined"])
        self.assertEqual(set(gaps["target"]), {"lfc"})

    def test_methods_rank_as_they_should(self):
        methods = self.results.methods
        of_metric = methods[(methods["metric"] == "L2") & (methods["context"] == "a")].set_index("name")
        self.assertGreater(of_metric.loc["good+knn", "gap_closed"], of_metric.loc["noise+knn", "gap_closed"] + 20)
        self.assertEqual(of_metric.loc["train_mean", "role"], "null")

    def test_scores_and_perturbations_keep_every_digit_and_word(self):
        scores, perturbations = self.results.scores, self.results.perturbations
        self.assertEqual(set(scores["fold"]), {"0", "1", "2", "3", "4"})
        good = scores[(scores["name"] == "good+knn") & (scores["context"] == "b")].set_index("fold")
        methods = [method for context in self.results.summary["contexts"]
                   if (context["context"], context["metric"]) == ("b", "L2")
                   for method in context["methods"] if method["name"] == "good+knn"]
        for fold in methods[0]["folds"]:
            self.assertEqual(good.loc[fold["fold"], "L2"], fold["value"])
        self.assertEqual(set(perturbations["pert_id"]), set(screen.ids()))
        means = perturbations[(perturbations["name"] == "good+knn") & (perturbations["context"] == "b")]
        np.testing.assert_allclose(means.groupby("fold")["L2"].mean(), good["L2"].sort_index(), rtol=1e-12)

    def test_words_that_look_otherwise_stay_words(self):
        adata = screen.task()
        names = {"P000": "NA", "P001": "007", "P002": "-1", "P003": "=2+3"}
        adata.obs["pert_id"] = adata.obs["pert_id"].replace(names)
        vectors = screen.good_vectors().rename(index=names)
        results = headroom.run(adata, {"good": vectors}, quiet=True, keep_label="NA", **screen.FLAGS)
        self.assertLessEqual(set(names.values()), set(results.perturbations["pert_id"]))

    def test_texts_are_those_of_the_terminal(self):
        text = str(self.results)
        self.assertIn("good+knn", text)
        self.assertIn("WAP", text)
        self.assertEqual(self.results._repr_html_().count("<pre>"), 1)
        bounds = headroom.bounds(screen.task(), quiet=True, **screen.FLAGS)
        self.assertIn("train_mean", str(bounds))
        pd.testing.assert_frame_equal(bounds.gaps, self.results.gaps)

    def test_the_report_is_a_page_in_a_frame(self):
        report = self.results.report()
        shown = report._repr_html_()
        self.assertTrue(shown.startswith('<iframe srcdoc="&lt;!'))
        self.assertNotIn("<script", shown)  # escaped: nothing of the page is the notebook's
        self.assertIn("good+knn", report.html)

    def test_a_folder_of_the_command_is_read_as_well(self):
        with screen.folder():
            screen.write(screen.task(), "adata.h5ad")
            screen.good_vectors().rename_axis("pert_id").to_csv("good.csv")
            code, _, messages = screen.command("run", "adata.h5ad", "--embedding", "good=good.csv", "-o", "out",
                                               *screen.WORDS)
            self.assertEqual(code, 0, messages)
            self.assertIn("good+knn", set(headroom.Results("out").scores["name"]))
            with self.assertRaisesRegex(headroom.InputError, "there are no results"):
                headroom.Results("elsewhere")

    def test_a_failed_plugin_warns_and_the_rest_stands(self):
        with screen.folder():
            with open("broken.py", "w") as file:
                file.write("def embed(ids, context):\n    raise ValueError('no weights are here')\n")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                results = headroom.run(screen.task(), {"good": screen.good_vectors(), "broken": "broken.py"}, quiet=True,
                                       **screen.FLAGS)
        told = [each for each in caught if each.category is headroom.PluginWarning]
        self.assertEqual(len(told), 1)
        self.assertIn("broken+knn", str(told[0].message))
        self.assertEqual(told[0].filename, __file__)
        methods = results.methods.set_index("name")
        self.assertEqual(set(methods.loc["broken+knn", "status"]), {"failed"})
        self.assertEqual(set(methods.loc["good+knn", "status"]), {"ok"})

    def test_resume_takes_over(self):
        with screen.folder():
            first = run(out="out")
            second = run(out="out", resume=True)
            self.assertEqual(json.loads(first.summary_json), json.loads(second.summary_json))


if __name__ == "__main__":
    unittest.main()
