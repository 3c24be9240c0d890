#!/usr/bin/env python3
"""What fusions of embeddings close on a simulated study: three embeddings that each know a third of the factors.

    python3 tests/benchmarks/fusion_study.py [--build build] [--seeds 1,2,3] [--out FOLDER] [--no-attention]

Per seed and context: the percentage of the gap that the best single embedding closes, and stack and kernels with the
three, with three copies of the first, and with two embeddings of noise added; the ratio to the best single one, and the
paired difference of their errors with its interval. Ends with 1 where a fusion closes less than 1.3 times the best
single embedding, an interval of the difference contains 0, copies close less than the one within its interval, or noise
costs 4 points or more. Where attention was built, its row with the three embeddings is shown as well, with the epochs
that were trained and the best of them in each fold: nothing is asked of it. Needs Debian's python3-anndata.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HEADS = ("stack", "kernels")


def run(headroom, screen, out, embeddings, fusion, heads=HEADS):
    """The summary's tables by context, with the fusion `f` of the embeddings (name -> file)."""
    command = [headroom, "run", screen / "task", "--metric", "L2", "--sandbox", "relaxed", "--quiet", "-o", out,
               "--fusion", "f=" + ",".join(fusion)]
    for head in heads:
        command += ["--fusion-predictor", head]
    for name, file in embeddings.items():
        command += ["--embedding", f"{name}={screen / 'embeddings' / file}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {c["context"]: c for c in json.loads((out / "summary.json").read_text())["contexts"]}


def write_noise(screen, seed):
    """Beside the simulation's noise.h5ad a second embedding that knows nothing, of the same perturbations."""
    import anndata
    import numpy

    names = anndata.read_h5ad(screen / "embeddings" / "noise.h5ad").obs_names
    values = numpy.random.RandomState(seed).normal(size=(len(names), 64))
    lines = [",".join(["pert_id"] + [f"x{d}" for d in range(values.shape[1])])]
    lines += [",".join([name] + [f"{x:.6f}" for x in row]) for name, row in zip(names, values)]
    (screen / "embeddings" / "noise2.csv").write_text("\n".join(lines) + "\n")


def closed(context, name):
    return next(m for m in context["methods"] if m["name"] == name)


def show_attention(tables, seed):
    for context, table in tables.items():
        row = closed(table, "f+attention")
        if row["status"] != "ok":
            print(f"seed {seed} {context} attention: {row['reason']}", flush=True)
            continue
        stops = ", ".join(f"{fold['best_params']['best_epoch']:.0f} of {fold['best_params']['epochs']:.0f}"
                          for fold in row["folds"])
        print(f"seed {seed} {context} attention: {row['gap_closed']:.1f} % [{row['ci_low']:.1f}, {row['ci_high']:.1f}]; "
              f"best epoch {stops}", flush=True)


def difference(context, first, second):
    """Error of `first` minus that of `second`, with its interval."""
    for pair in context["comparisons"]:
        if (pair["first"], pair["second"]) == (first, second):
            return pair["mean_difference"], pair["ci_low"], pair["ci_high"]
        if (pair["first"], pair["second"]) == (second, first):
            return -pair["mean_difference"], -pair["ci_high"], -pair["ci_low"]
    raise KeyError((first, second))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--no-attention", action="store_true")
    arguments = parser.parse_args()
    headroom = (arguments.build / "bin" / "headroom").resolve()
    all_hold = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or pathlib.Path(temporary)
        for seed in arguments.seeds.split(","):
            screen = folder / f"study-{seed}"
            subprocess.run([headroom, "simulate", "-o", screen, "--preset", "study", "--seed", seed, "--quiet"],
                           check=True, stdout=subprocess.DEVNULL)
            parts = {"a": "part1.h5ad", "b": "part2.h5ad", "c": "part3.h5ad"}
            three = run(headroom, screen, folder / f"three-{seed}", parts, parts)
            copies = run(headroom, screen, folder / f"copies-{seed}", dict.fromkeys(("a", "a2", "a3"), "part1.h5ad"),
                         ("a", "a2", "a3"))
            if not arguments.no_attention and (arguments.build / "lib" / "headroom" / "attention.so").exists():
                show_attention(run(headroom, screen, folder / f"attention-{seed}", parts, parts, ["attention"]), seed)
            write_noise(screen, int(seed))
            noisy = {**parts, "n1": "noise.h5ad", "n2": "noise2.csv"}
            noise = run(headroom, screen, folder / f"noise-{seed}", noisy, noisy)
            for context, table in three.items():
                singles = [m for m in table["methods"] if m.get("embedding") in parts]
                best = max(singles, key=lambda m: m["gap_closed"])
                for head in HEADS:
                    fused = closed(table, "f+" + head)
                    gain, low, high = difference(table, best["name"], "f+" + head)
                    of_copies = closed(copies[context], "f+" + head)
                    alone = max((m for m in copies[context]["methods"] if m.get("embedding") == "a"),
                                key=lambda m: m["gap_closed"])
                    loss = fused["gap_closed"] - closed(noise[context], "f+" + head)["gap_closed"]
                    ratio = fused["gap_closed"] / best["gap_closed"]
                    holds = (ratio >= 1.3 and low > 0 and loss < 4 and of_copies["gap_closed"] >= alone["ci_low"])
                    all_hold = all_hold and holds
                    print(f"seed {seed} {context} {head}: {fused['gap_closed']:.1f} % against {best['gap_closed']:.1f} % of "
                          f"{best['name']}, {ratio:.2f} times; error less by {gain:.3f} [{low:.3f}, {high:.3f}]; three "
                          f"copies {of_copies['gap_closed']:.1f} % (one: {alone['gap_closed']:.1f} [{alone['ci_low']:.1f}, "
                          f"{alone['ci_high']:.1f}]); with two of noise {-loss:+.1f} points"
                          f"{'' if holds else '  <- misses'}", flush=True)
    sys.exit(0 if all_hold else 1)


if __name__ == "__main__":
    main()
