#!/usr/bin/env python3
"""What labels of responding genes add to `headroom prepare`: the same cells with and without --deg, by turns.

    python3 tests/benchmarks/prepare_labels.py [--build build] [--data FOLDER] [--threads 2] [--runs 3]

Simulates the medium preset (60,000 cells x 2,000 genes, 400 perturbations) into FOLDER unless it is there already.
Prints medians and their ratio: time may be 3 times that of the deltas alone, and memory as without.
"""
import argparse
import pathlib
import subprocess
import tempfile

import whole_run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    headroom = (arguments.build / "bin" / "headroom").resolve()

    with tempfile.TemporaryDirectory() as temporary:
        scratch = pathlib.Path(temporary)
        screen = (arguments.data or scratch) / "medium"
        if not (screen / "cells.h5ad").exists():
            subprocess.run([headroom, "simulate", "-o", screen, "--preset", "medium", "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
        runs = {"deltas": [], "deltas and labels": []}
        for i in range(arguments.runs):
            for name, flags in (("deltas", []), ("deltas and labels", ["--deg"])):
                command = [str(headroom), "prepare", str(screen / "cells.h5ad"), "-o", str(scratch / f"{name}-{i}"),
                           "--threads", str(arguments.threads), "--quiet", *flags]
                runs[name].append(whole_run.measure(command))
        without, with_labels = (whole_run.median_of(runs[name]) for name in runs)
        for name, median in zip(runs, (without, with_labels)):
            print(whole_run.line_of(name, median))
        print(f"labels: {with_labels['wall_s'] / without['wall_s']:.2f} times the time "
              f"(processor time: {with_labels['cpu_s'] / without['cpu_s']:.2f}), "
              f"{100 * with_labels['peak_bytes'] / without['peak_bytes']:.0f} % of the memory")


if __name__ == "__main__":
    main()
