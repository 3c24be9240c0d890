#!/usr/bin/env python3
"""How long a context of the challenge's size takes: 300 perturbations x 400 cells and 12,000 controls, 18,533 genes,
20,000 counts a cell.

    python3 tests/benchmarks/suite_size.py [--build build] [--data FOLDER] [--threads 2] [--cells 400] [--depth 20000]
    python3 tests/benchmarks/suite_size.py --sizes 60000,132000,300000,600000,1200000 [--depth 2000]

Writes both files once (suite_cells), reads them once so that they are in the page cache, runs `headroom score --real`
without ceilings (both tables, all members and other metrics, b, five splits of r), and prints seconds, seconds of
processors and peak memory. Then SciPy's mannwhitneyu is timed on a few genes of a few perturbations of the same files,
and what it would take for all tested genes of both tables and the ten halves is extrapolated from that part. NumPy's
product of two matrices of 2048 x 2048 on one core tells how fast the machine is. Aims: 120 s, 4 GB, 50 times.

With --sizes a line for each number of real cells, one of eleven a control cell, of 2,000 counts a cell: how the time
grows, of which the comparison of all perturbations with all others is a square. suite_size.csv has what was measured
last, on two cores (0.43 to 0.48 s a product).
"""
import argparse
import json
import os
import pathlib
import shutil
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
    start = time.process_time()
    for g in range(len(genes)):
        mannwhitneyu(of_target[:, g], all_control[:, g], method="asymptotic")
    full = (time.process_time() - start) / len(genes)
    start = time.process_time()
    for g in range(len(genes)):
        mannwhitneyu(of_target[::2, g], all_control[::2, g], method="asymptotic")
    half = (time.process_time() - start) / len(genes)
    return full, half, len(tested)


def dgemm_seconds(n=2048):
    """Seconds of one product of two square matrices on one core, the best of three."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported
    import numpy

    a = numpy.random.default_rng(1).random((n, n))
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        a @ a
        best = min(best, time.process_time() - start)
    return best


def write_cells(arguments, folder, perturbations, controls, depth):
    subprocess.run([arguments.build / "tests/bin/suite_cells", folder, str(perturbations), str(arguments.cells),
                    str(controls), str(arguments.genes), str(depth)], check=True)
    for name in ("real.h5ad", "pred.h5ad"):
        with open(folder / name, "rb") as file:
            while file.read(1 << 24):
                pass


def score_cells(arguments, folder, out):
    """Seconds, seconds of processors, and peak memory in GB."""
    start = time.perf_counter()
    process = subprocess.Popen([arguments.build / "bin/headroom", "score", "--real", folder / "real.h5ad",
                                "--predictions", folder / "pred.h5ad", "--suite", "vcc2026", "--ceiling", "none",
                                "--threads", str(arguments.threads), "--quiet", "-o", out],
                               stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"headroom score ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def print_sizes(arguments, temporary):
    print("cells,perturbations,controls,counts_per_cell,wall_s,cpu_s,peak_gb,cpu_us_per_cell")
    for n in (int(size) for size in arguments.sizes.split(",")):
        controls = n // 11
        perturbations = (n - controls) // arguments.cells
        n_real = perturbations * arguments.cells + controls
        folder = temporary / str(n)
        write_cells(arguments, folder, perturbations, controls, arguments.depth)
        wall, cpu, peak = score_cells(arguments, folder, temporary / f"out{n}")
        print(f"{n_real},{perturbations},{controls},{arguments.depth:.0f},{wall:.1f},{cpu:.1f},{peak:.2f},"
              f"{1e6 * cpu / n_real:.0f}", flush=True)
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--perturbations", type=int, default=300)
    parser.add_argument("--cells", type=int, default=400)
    parser.add_argument("--controls", type=int, default=12000)
    parser.add_argument("--genes", type=int, default=18533)
    parser.add_argument("--depth", type=float)
    parser.add_argument("--sizes")
    arguments = parser.parse_args()
    if arguments.depth is None:
        arguments.depth = 2000 if arguments.sizes else 20000
    with tempfile.TemporaryDirectory() as temporary:
        gemm = dgemm_seconds()
        print(f"a product of 2048 x 2048 matrices: {gemm:.2f} s on one core, {2 * 2.048**3 / gemm:.1f} Gflop/s", flush=True)
        if arguments.sizes:
            print_sizes(arguments, pathlib.Path(temporary))
            return
        folder = arguments.data or pathlib.Path(temporary)
        write_cells(arguments, folder, arguments.perturbations, arguments.controls, arguments.depth)
        out = pathlib.Path(temporary) / "out"
        seconds, of_processors, peak = score_cells(arguments, folder, out)
        print(f"{seconds:.1f} s on {arguments.threads} threads, {of_processors:.0f} s of processors, "
              f"{of_processors / gemm:.0f} such products; peak {peak:.2f} GB", flush=True)
        score = json.loads((out / "summary.json").read_text())["suites"][0]["score"]
        full, half, tested = scipy_seconds(folder, arguments.perturbations)
        scipy = arguments.perturbations * tested * (2 * full + 10 * half)
        print(f"SciPy: {1e3 * full:.2f} ms a gene and perturbation ({1e3 * half:.2f} ms of halves), {tested} genes tested; "
              f"for both tables and ten halves {scipy:.0f} s of one processor, {scipy / of_processors:.0f} times as much")
        print(f"score {score:.3f}")


if __name__ == "__main__":
    main()
