#!/usr/bin/env python3
"""One whole `headroom run` of the published size: 2,000 perturbations x 6,640 genes, embeddings of 1,280 columns, one
context and one fold, knn and lasso with all bounds and intervals.

    python3 tests/benchmarks/whole_run.py [--build build] [--data FOLDER] [--threads 2] [--runs 3]

Simulates the task (`headroom simulate --preset paper`) into FOLDER unless it is there already. Prints per run and as
median: wall time, processor time of host and workers, and the peak of their resident memory together, sampled 100 times
a second with shared pages counted once (proportional set size).
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CONTEXT = "lineA"  # the simulation's first


def processes_below(pid):
    """The process and all its descendants that are alive."""
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as children:
                    todo += [int(child) for child in children.read().split()]
        except OSError:
            pass  # it has ended
    return found


def memory_bytes(pid):
    """Proportional set size; 0 for a process that has ended. A worker hides its own from others: its resident size."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def measure(command, accepted=(0,), **options):
    """Runs a command. Returns its wall and processor seconds, its peak memory and what it says; ends the program if it
    ends with another code than the accepted ones."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    peak = [0]
    ended = threading.Event()

    def sample():
        while not ended.wait(0.01):
            peak[0] = max(peak[0], sum(memory_bytes(pid) for pid in processes_below(process.pid)))

    sampler = threading.Thread(target=sample)
    sampler.start()
    out, err = process.communicate()
    wall_s = time.monotonic() - start
    ended.set()
    sampler.join()
    if process.returncode not in accepted:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{err}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_bytes": peak[0], "stdout": out, "stderr": err}


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in ("wall_s", "cpu_s", "peak_bytes")}


def line_of(name, run):
    return (f"{name:<28} wall {run['wall_s']:8.2f} s   cpu {run['cpu_s']:8.2f} s   "
            f"peak {run['peak_bytes'] / 2**20:7.0f} MiB   load {os.getloadavg()[0]:.1f}")


def paper_task(headroom, folder):
    """The folder with task/ and embeddings/, simulated if need be."""
    if not (folder / "task" / "task.h5ad").exists():
        subprocess.run([headroom, "simulate", "-o", folder, "--preset", "paper", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
    return folder


def run_command(headroom, task, embedding, predictors, threads, out):
    """The command that evaluates one embedding in the first fold of the first context."""
    command = [str(headroom), "run", str(task), "--context", CONTEXT, "--fold", "0", "--embedding", f"model={embedding}",
               "--threads", str(threads), "-o", str(out), "--quiet"]
    for predictor in predictors:
        command += ["--predictor", predictor]
    return command


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--data", type=pathlib.Path, help="the simulated task; default: a temporary folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    headroom = arguments.build / "bin" / "headroom"
    with tempfile.TemporaryDirectory() as temporary:
        data = paper_task(headroom, arguments.data or pathlib.Path(temporary) / "paper")
        for predictors in (["knn"], ["lasso"], ["knn", "lasso"]):
            runs = []
            for i in range(arguments.runs):
                out = pathlib.Path(temporary) / f"out-{'-'.join(predictors)}-{i}"
                command = run_command(headroom, data / "task", data / "embeddings" / "good.h5ad", predictors,
                                      arguments.threads, out)
                runs.append(measure(command))
                print(line_of(" + ".join(predictors), runs[-1]), flush=True)
            print(line_of(" + ".join(predictors) + ", median", median_of(runs)), flush=True)


if __name__ == "__main__":
    main()
