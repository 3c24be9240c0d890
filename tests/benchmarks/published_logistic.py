#!/usr/bin/env python3
"""The head `logistic` beside the published way to fit it: the same problem, the same machine, by turns.

    /usr/bin/python3 tests/benchmarks/published_logistic.py [--build build] [--genes 664] [--rows 1600] [--threads 2]
        [--runs 1]

The published way is one linear model of all genes in PyTorch (Debian's python3-torch), float32, fitted by L-BFGS with
step 1, a history of 10 and at most 100 iterations for each C from nothing. This is its objective and its optimiser in a
few lines of our own. Ours runs as build/tests/bin/logistic_fit, the whole grid in one call, to derivatives below 1e-7 in
float64.

The problem is random and of the published shape: rows of a 1,280-wide embedding with a decaying spectrum, standardised
and projected to 100 components; labels that follow the components with noise, about 5 % of them not zero, unevenly over
genes. The published size is 1,600 training rows x 6,640 genes a fold; a tenth of the genes is the default. Prints seconds
for each C, the ratio of the whole grid, and how often the classes of 400 further rows agree. A ratio means little where
other work took the processors, so both take turns.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import torch

GRID = (1.0, 1e3, 1e5, 1e7)
QUERIES, WIDTH, COMPONENTS = 400, 1280, 100


def components(rows, generator):
    """Component scores of rows + QUERIES perturbations, fitted on the first `rows`."""
    n, rank = rows + QUERIES, 150
    left = generator.standard_normal((n, rank)) * 3.0 / (1.0 + 0.1 * np.arange(rank))
    embedding = 0.3 * left @ generator.standard_normal((rank, WIDTH)) + 0.3 * generator.standard_normal((n, WIDTH))
    mean, deviation = embedding[:rows].mean(axis=0), embedding[:rows].std(axis=0)
    embedding = (embedding - mean) / deviation
    _, vectors = np.linalg.eigh(embedding[:rows].T @ embedding[:rows])
    scores = embedding @ vectors[:, ::-1][:, :COMPONENTS]
    return scores[:rows], scores[rows:]


def labels(scores, genes, generator):
    """Class numbers 0, 1, 2 (down, none, up); the share that responds differs from gene to gene."""
    n = len(scores)
    signal = (scores / scores.std(axis=0)) @ generator.standard_normal((COMPONENTS, genes)) / np.sqrt(COMPONENTS)
    order = np.argsort(np.argsort(signal + generator.standard_normal((n, genes)), axis=0), axis=0)
    share = np.minimum(0.5, 0.05 * np.exp(generator.standard_normal(genes) - 0.5))
    up = generator.uniform(0.2, 0.8, genes)
    classes = np.ones((n, genes), dtype=np.uint8)
    classes[order < np.round(n * share * (1.0 - up))] = 0
    classes[order >= n - np.round(n * share * up)] = 2
    return classes


def published_fit(features, classes, c):
    """Weights and biases of all genes for one C: genes x 3 outputs of one linear layer."""
    n, genes = classes.shape
    truth = torch.nn.functional.one_hot(classes.long(), 3)
    counts = truth.sum(dim=0).float()
    class_weights = torch.where(counts > 0, n / (3.0 * counts.clamp(min=1)), torch.zeros(()))
    weights = torch.gather(class_weights.expand(n, genes, 3), 2, classes.long().unsqueeze(2)).squeeze(2)
    absent = torch.where(counts > 0, torch.zeros(()), torch.full((), -1e9))
    model = torch.nn.Linear(features.shape[1], 3 * genes)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimiser = torch.optim.LBFGS(model.parameters(), lr=1, history_size=10, max_iter=100)
    target = classes.long().unsqueeze(2)

    def objective():
        optimiser.zero_grad()
        log_shares = torch.log_softmax(model(features).view(n, genes, 3) + absent, dim=2)
        entropy = -torch.gather(log_shares, 2, target).squeeze(2)
        loss = ((weights * entropy).sum(dim=0) / weights.sum(dim=0)).mean() + model.weight.square().sum() / c
        loss.backward()
        return loss

    optimiser.step(objective)
    return model, absent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--genes", default=664, type=int)
    parser.add_argument("--rows", default=1600, type=int)
    parser.add_argument("--threads", default=2, type=int)
    parser.add_argument("--runs", default=1, type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    generator = np.random.default_rng(17)
    training, query = components(options.rows, generator)
    classes = labels(training, options.genes, generator)
    print(f"{options.rows} rows, {options.genes} genes, {100 * np.mean(classes != 1):.1f} % not zero, "
          f"{options.threads} threads")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        training.tofile(folder / "training.f64")
        query.tofile(folder / "query.f64")
        classes.tofile(folder / "classes_training.u8")
        command = [str(options.build / "tests" / "bin" / "logistic_fit"), str(folder), str(options.rows), str(QUERIES),
                   str(COMPONENTS), str(options.genes), str(options.threads)]
        features, truth = torch.from_numpy(training).float(), torch.from_numpy(classes)
        ours, theirs = [], []
        for _ in range(options.runs):
            called = []
            seconds = []
            for c in GRID:
                start = time.perf_counter()
                model, absent = published_fit(features, truth, c)
                seconds.append(time.perf_counter() - start)
                with torch.no_grad():
                    logits = model(torch.from_numpy(query).float()).view(QUERIES, options.genes, 3) + absent
                called.append(logits.argmax(dim=2).numpy())
            theirs.append(sum(seconds))
            ours.append(float(subprocess.run(command + [str(c) for c in GRID], check=True, capture_output=True,
                                             text=True).stdout))
            solved = np.fromfile(folder / "classes.u8", dtype=np.uint8).reshape(len(GRID), QUERIES, options.genes)
            for c, second, theirs_called, ours_called in zip(GRID, seconds, called, solved):
                print(f"C = {c:g}: published {second:.2f} s, same class in "
                      f"{100 * np.mean(theirs_called == ours_called):.2f} %")
            print(f"whole grid: published {theirs[-1]:.2f} s, ours {ours[-1]:.2f} s, ratio {theirs[-1] / ours[-1]:.1f}")
    if options.runs > 1:
        print(f"median ratio {np.median(np.array(theirs) / np.array(ours)):.1f}")


if __name__ == "__main__":
    main()
