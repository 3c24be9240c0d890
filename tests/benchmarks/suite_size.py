#!/usr/bin/env python3
"""How long a context of the challenge's size takes: 300 perturbations x 400 cells and 12,000 controls, 18,533 genes,
20,000 counts a cell.

    python3 tests/benchmarks/suite_size.py [--build build] [--data FOLDER] [--threads 2] [--cells 400] [--depth 20000]

Writes both files once (suite_cells), reads them once so that they are in the page cache, runs `headroom score --real`
without ceilings (both tables, all members and other metrics, b, five splits of r), and prints seconds and peak memory.
Then SciPy's mannwhitneyu is timed on a few genes of a few perturbations of the same files, and what it would take for all
tested genes of both tables and the ten halves is extrapolated from that part. Aims: 120 s, 4 GB, 50 times.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import tempfile
import time


def scipy_seconds(folder, n_perturbations, n_genes=40):
    """Seconds of one gene of one perturbation, vectors at hand, and how many genes are tested."""
    import h5py
    import numpy
    from scipy.stats import mannwhitneyu

    with h5py.File(folder / "real.h5ad") as file:
        codes = file["obs/target_gene/codes"][:]
        names = [n.decode() for n in file["obs/target_gene/categories"][:]]
        offsets = file["X/indptr"][:]
        control = numpy.flatnonzero(codes == names.index("non-targeting"))
        target = numpy.flatnonzero(codes == 0 if names[0] != "non-targeting" else codes == 1)
        n_columns = file["var/_index"].shape[0]

        def rows(cells):
            out = numpy.zeros((len(cells), n_columns), dtype=numpy.float32)
            for i, c in enumerate(cells):
                part = slice(offsets[c], offsets[c + 1])
                out[i, file["X/indices"][part]] = file["X/data"][part]
            return out / out.sum(1, keepdims=True)

        some = rows(control[:: max(1, len(control) // 2000)])
        tested = numpy.flatnonzero(1e6 * some.mean(0) > 5)
        genes = tested[:: max(1, len(tested) // n_genes)][:n_genes]
        all_control = numpy.concatenate([rows(control[i : i + 500])[:, genes] for i in range(0, len(control), 500)])
        of_target = rows(target)[:, genes]
    start = time.perf_counter()
    for g in range(len(genes)):
        mannwhitneyu(of_target[:, g], all_control[:, g], method="asymptotic")
    full = (time.perf_counter() - start) / len(genes)
    start = time.perf_counter()
    for g in range(len(genes)):
        mannwhitneyu(of_target[::2, g], all_control[::2, g], method="asymptotic")
    half = (time.perf_counter() - start) / len(genes)
    return full, half, len(tested)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--perturbations", type=int, default=300)
    parser.add_argument("--cells", type=int, default=400)
    parser.add_argument("--controls", type=int, default=12000)
    parser.add_argument("--genes", type=int, default=18533)
    parser.add_argument("--depth", type=float, default=20000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or pathlib.Path(temporary)
        subprocess.run([arguments.build / "tests/bin/suite_cells", folder, str(arguments.perturbations),
                        str(arguments.cells), str(arguments.controls), str(arguments.genes), str(arguments.depth)],
                       check=True)
        for name in ("real.h5ad", "pred.h5ad"):
            with open(folder / name, "rb") as file:
                while file.read(1 << 24):
                    pass
        out = pathlib.Path(temporary) / "out"
        start = time.perf_counter()
        subprocess.run([arguments.build / "bin/headroom", "score", "--real", folder / "real.h5ad", "--predictions",
                        folder / "pred.h5ad", "--suite", "vcc2026", "--ceiling", "none", "--threads",
                        str(arguments.threads), "--quiet", "-o", out], check=True)
        seconds = time.perf_counter() - start
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{seconds:.1f} s on {arguments.threads} threads, {usage.ru_utime + usage.ru_stime:.0f} s of processors "
              f"(writing the files included where they were not there), peak {usage.ru_maxrss / 1e6:.2f} GB")
        score = json.loads((out / "summary.json").read_text())["suites"][0]["score"]
        full, half, tested = scipy_seconds(folder, arguments.perturbations)
        scipy = arguments.perturbations * tested * (2 * full + 10 * half)
        print(f"SciPy: {1e3 * full:.2f} ms a gene and perturbation ({1e3 * half:.2f} ms of halves), {tested} genes tested; "
              f"for both tables and ten halves {scipy:.0f} s on one core, {scipy / seconds:.0f} times as long; "
              f"on {arguments.threads} cores {scipy / arguments.threads / seconds:.0f} times")
        print(f"score {score:.3f}")


if __name__ == "__main__":
    main()
