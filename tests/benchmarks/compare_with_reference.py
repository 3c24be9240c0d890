#!/usr/bin/env python3
"""Headroom beside the published pipeline, as scikit-learn and NumPy run it: the same task, the same machine, by turns.

    python3 tests/benchmarks/compare_with_reference.py REFERENCE_FOLDER [--build build] [--data FOLDER] [--runs 3]
        [--only knn,lasso,idealized_lasso,run,bootstrap,prepare]

REFERENCE_FOLDER holds ref_knn.py, ref_lasso.py and ref_bootstrap.py (which reads, normalises and averages the cells as
well), which need Debian's python3-sklearn, python3-anndata and python3-joblib. Inputs are simulated into FOLDER unless they are there: the paper
preset (2,000 perturbations x 6,640 genes, embeddings of 1,280 columns; one context, one fold), and the medium preset
(60,000 cells x 2,000 genes, 400 perturbations). Prints medians and their ratios with the load of the machine: a ratio
means little where other work took the processors.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import whole_run

# Reference evaluations of one fold, by the name of what they answer.
GRID_SEARCHES = {
    "knn": ["ref_knn.py", "--emb", "good"],
    "lasso": ["ref_lasso.py", "--targets", "all", "--emb", "good"],
    "idealized_knn": ["ref_knn.py", "--emb", "ideal"],
    "idealized_lasso": ["ref_lasso.py", "--targets", "all", "--emb", "ideal"],
}


def one_context(data, folder):
    """The first context of the simulated task as the reference's pseudobulk.h5ad."""
    import anndata

    path = folder / "pseudobulk.h5ad"
    if not path.exists():
        task = anndata.read_h5ad(data / "task" / "task.h5ad")
        folder.mkdir(parents=True, exist_ok=True)
        task[task.obs["context"] == whole_run.CONTEXT].copy().write_h5ad(path)
        (folder / "embeddings").symlink_to((data / "embeddings").resolve())
    return folder


def cells_with_reference_names(screen, folder):
    """The simulated cells with the columns that the reference looks for."""
    import anndata

    path = folder / "cells.h5ad"
    if not path.exists():
        cells = anndata.read_h5ad(screen / "cells.h5ad")
        obs = cells.obs.rename(columns={"pert_id": "gene_id"})
        obs["is_control"] = obs["gene_id"].astype(str) == "non-targeting"
        cells.obs = obs
        folder.mkdir(parents=True, exist_ok=True)
        cells.write_h5ad(path)
    return folder


def report(name, reference, ours):
    ratio = reference["wall_s"] / ours["wall_s"]
    memory = ours["peak_bytes"] / reference["peak_bytes"]
    print(whole_run.line_of(name + ", reference", reference))
    print(whole_run.line_of(name + ", headroom", ours))
    print(f"{name}: {ratio:.1f} times as fast (processor time: {reference['cpu_s'] / ours['cpu_s']:.1f}), "
          f"{100 * memory:.0f} % of the memory", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="run,bootstrap,prepare", help="comma-separated; see above")
    arguments = parser.parse_args()
    headroom = (arguments.build / "bin" / "headroom").resolve()
    wanted = set(arguments.only.split(","))

    with tempfile.TemporaryDirectory() as temporary:
        scratch = pathlib.Path(temporary)
        folder = arguments.data or scratch

        def reference(script, *options):
            command = [sys.executable, str(arguments.reference / script), *map(str, options)]
            return whole_run.median_of([whole_run.measure(command) for _ in range(arguments.runs)])

        def ours(make_command):
            return whole_run.median_of(
                [whole_run.measure(make_command(scratch / f"out-{i}")) for i in range(arguments.runs)])

        searches = [name for name in GRID_SEARCHES if name in wanted or "run" in wanted]
        if searches:
            data = whole_run.paper_task(headroom, folder / "paper")
            pseudobulk = one_context(data, folder / "reference")
            measured = {}
            for name in searches:
                script, *options = GRID_SEARCHES[name]
                measured[name] = reference(script, "--data", pseudobulk, "--fold", 0, *options)
                print(whole_run.line_of(name + ", reference", measured[name]), flush=True)
            predictors = ["knn", "lasso"] if "run" in wanted else sorted({n.split("_")[-1] for n in searches})
            whole = ours(lambda out: whole_run.run_command(headroom, data / "task", data / "embeddings" / "good.h5ad",
                                                           predictors, arguments.threads, out))
            together = {"wall_s": sum(run["wall_s"] for run in measured.values()),
                        "cpu_s": sum(run["cpu_s"] for run in measured.values()),
                        "peak_bytes": max(run["peak_bytes"] for run in measured.values())}
            report(" + ".join(searches), together, whole)

        if wanted & {"bootstrap", "prepare"}:
            screen = folder / "medium"
            if not (screen / "cells.h5ad").exists():
                subprocess.run([headroom, "simulate", "-o", screen, "--preset", "medium", "--quiet"], check=True,
                               stdout=subprocess.DEVNULL)
            cells = cells_with_reference_names(screen, folder / "reference_cells")
            bootstrap = reference("ref_bootstrap.py", "--data", cells)
            print(whole_run.line_of("bootstrap, reference", bootstrap), flush=True)
            prepared = ours(lambda out: [str(headroom), "prepare", str(screen / "cells.h5ad"), "-o", str(out), "--threads",
                                         str(arguments.threads), "--quiet"])
            if "bootstrap" in wanted:
                # The kernel alone, one thread, on a screen of the same size.
                bench = whole_run.measure([str((arguments.build / "tests/bin/bench_cells").resolve()),
                                           "--benchmark_filter=^bootstrap$", "--benchmark_format=json"])
                kernel_s = json.loads(bench["stdout"])["benchmarks"][0]["real_time"] / 1e3
                print(f"bootstrap kernel, one thread: {kernel_s:.3f} s; the reference takes "
                      f"{bootstrap['wall_s'] / kernel_s:.0f} times as long", flush=True)
            if "prepare" in wanted:
                report("prepare", bootstrap, prepared)


if __name__ == "__main__":
    main()
