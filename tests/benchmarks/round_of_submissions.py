#!/usr/bin/env python3
"""A round of 500 submissions: 490 small embeddings and 10 hostile files in one inbox, handled by one
`headroom run --submissions`.

    python3 tests/benchmarks/round_of_submissions.py [--build build] [--data FOLDER] [--embeddings 490] [--threads 2]

The task is that of `headroom simulate --preset small` (160 perturbations x 800 genes), an embedding a CSV of 16 columns,
through knn and one metric. Checks that each submission has its row and the outcome that it deserves, that memory stays
under 4 GB, and that the round takes no more than 15 % above the sum of its parts: what a run takes without any of them
(its bounds), what each embedding adds (by the difference of two small rounds) and what the hostile ones add among them.
Then five more come, and `--resume` must evaluate those alone, in a small part of the round's processor time. Ends with 1
where one of these does not hold.

Six of the hostile ones are plugins (targets hostile_changing_dimension, ...), of which one never ends; the time limit is
5 s. All are embeddings: a predictor is asked for every embedding of the round, so that what it takes is no part of a
sum. What failed is tried again by `--resume`, which is told apart from the new ones in what it says.
"""
import argparse
import csv
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

from whole_run import line_of, measure

LIMIT_TIME_S = 5
MOST_BYTES = 4e9
MOST_OVER_PARTS = 0.15
N_LATER = 5
MOST_OF_RESUMED = 0.4  # of the round's processor time: hashes, outputs, what failed, and five of hundreds
HOSTILE = ("changing_dimension", "give_infinity", "give_nan", "hang_anew", "huge_dimension", "negative_dimension")


def perturbations_of(task):
    with open(task / "noise.csv", newline="") as table:
        return sorted({row["pert_id"] for row in csv.DictReader(table) if row["pert_id"]})


def write_embedding(path, ids, seed):
    random.seed(seed)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id"] + [f"x{i}" for i in range(16)])
        for one in ids:
            writer.writerow([one] + [f"{random.gauss(0, 1):.6f}" for _ in range(16)])


def write_hostile(inbox, plugins, ids):
    """Ten submissions that come to nothing."""
    for name in HOSTILE:
        if not (plugins / f"{name}.so").exists():
            sys.exit(f"{plugins / name}.so is not there: build the targets hostile_NAME of {', '.join(HOSTILE)}")
        shutil.copy(plugins / f"{name}.so", inbox / f"zz_{name}.so")
    library = inbox / f"zz_{HOSTILE[0]}.so"
    (inbox / "zz_truncated.so").write_bytes(library.read_bytes()[:5000])
    (inbox / "zz_text.so").write_text("this is no library\n")
    (inbox / "zz_empty.csv").write_text("")
    with open(inbox / "zz_words.csv", "w") as file:
        file.write("id,x0\n" + "".join(f"{one},blue\n" for one in ids))
    return sorted(path.stem for path in inbox.glob("zz_*"))


def command_of(headroom, task, inbox, out, threads, resume=False):
    command = [str(headroom), "run", str(task), "--submissions", str(inbox), "--predictor", "knn", "--grid",
               "knn.k=5,10,20", "--common-dim", "16", "--metric", "L2", "--limit-time", str(LIMIT_TIME_S), "--threads",
               str(threads), "-o", str(out)]
    return command + (["--resume"] if resume else [])


def measured_round(name, *args, **kwargs):
    run = measure(command_of(*args, **kwargs), accepted=(0, 3))
    print(line_of(name, run), flush=True)
    return run


def outcomes_of(stderr):
    """The verdict of each submission, from the table at the end."""
    outcomes, in_table = {}, False
    for line in stderr.splitlines():
        in_table = in_table or line.startswith("submission ")
        fields = line.split()
        if in_table and len(fields) >= 3:
            outcomes[fields[0]] = fields[2]
    return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--data", type=pathlib.Path, help="where to work; default: a temporary folder")
    parser.add_argument("--embeddings", type=int, default=490)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    headroom = arguments.build / "bin" / "headroom"
    with tempfile.TemporaryDirectory() as temporary:
        data = arguments.data or pathlib.Path(temporary)
        if not (data / "small" / "task").exists():
            subprocess.run([headroom, "simulate", "-o", data / "small", "--preset", "small", "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
        task = data / "small" / "task"
        ids = perturbations_of(task)
        folders = {name: data / name for name in ("few", "more", "hostile", "inbox")}
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        n_few, n_more = arguments.embeddings // 20, arguments.embeddings // 10
        for i in range(arguments.embeddings):
            path = folders["inbox"] / f"e{i:03}.csv"
            write_embedding(path, ids, i)
            for name, n in (("few", n_few), ("more", n_more), ("hostile", n_few)):
                if i < n:
                    shutil.copy(path, folders[name])
        hostile = write_hostile(folders["inbox"], arguments.build / "tests" / "hostile-plugins", ids)
        for path in folders["inbox"].glob("zz_*"):
            shutil.copy(path, folders["hostile"])

        runs = {name: measured_round(f"{len(list(folder.iterdir()))} submissions", headroom, task, folder,
                                     data / f"out_{name}", arguments.threads)
                for name, folder in folders.items()}
        failures = []
        parts = {}
        for key in ("wall_s", "cpu_s"):
            each = (runs["more"][key] - runs["few"][key]) / (n_more - n_few)
            parts[key] = (runs["few"][key] - n_few * each) + arguments.embeddings * each + (
                runs["hostile"][key] - runs["few"][key])
            over = runs["inbox"][key] / parts[key] - 1
            print(f"{key}: {runs['inbox'][key]:.1f} s, {100 * over:+.1f} % above the sum of the parts "
                  f"({1000 * each:.0f} ms an embedding)")
            if key == "cpu_s" and over > MOST_OVER_PARTS:
                failures.append(f"{key} is {100 * over:.0f} % above the sum of the parts")
        outcomes = outcomes_of(runs["inbox"]["stderr"])
        n_ok = sum(verdict == "ok" for name, verdict in outcomes.items() if name.startswith("e"))
        spoilt = [name for name in hostile if outcomes.get(name, "ok") == "ok"]
        if n_ok != arguments.embeddings:
            failures.append(f"{n_ok} of {arguments.embeddings} embeddings are ok")
        if spoilt:
            failures.append(f"hostile and not told so: {spoilt}")
        if runs["inbox"]["peak_bytes"] > MOST_BYTES:
            failures.append(f"the peak of memory is {runs['inbox']['peak_bytes'] / 1e9:.1f} GB")

        for i in range(N_LATER):
            write_embedding(folders["inbox"] / f"late{i}.csv", ids, 10000 + i)
        resumed = measured_round("resumed with five more", headroom, task, folders["inbox"], data / "out_inbox",
                                 arguments.threads, resume=True)
        share = resumed["cpu_s"] / runs["inbox"]["cpu_s"]
        print(f"resumed: {100 * share:.0f} % of the round's processor time")
        if share > MOST_OF_RESUMED:
            failures.append(f"--resume takes {100 * share:.0f} % of the round's processor time")
        for line in resumed["stderr"].splitlines():
            if re.search(r"taken over|made (again|anew)|evaluat", line):
                print("  " + line)
        summary = json.loads((data / "out_inbox" / "summary.json").read_text())
        names = {method["embedding"] for context in summary["contexts"] for method in context["methods"]
                 if method.get("role") == "plugin"}
        missing = [f"late{i}" for i in range(N_LATER) if f"late{i}" not in names]
        if missing:
            failures.append(f"not evaluated by --resume: {missing}")
        for failure in failures:
            print(failure)
        sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
