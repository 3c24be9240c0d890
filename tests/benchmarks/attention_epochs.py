#!/usr/bin/env python3
"""The fusion `attention` (simple) beside the same model in PyTorch: seconds per epoch, in turns on the same threads.

    /usr/bin/python3 tests/benchmarks/attention_epochs.py [--build build] [--blocks 29] [--features 1280] [--rows 1600]
        [--genes 6640] [--epochs 3] [--threads 2] [--rounds 2]

PyTorch's side is the published model from its own modules (Debian's python3-torch): a linear layer a block, a learned
CLS, a cell line's vector behind a layer norm, nn.TransformerEncoder (post-norm, GELU), Adam, gradients clipped to 1;
rows in batches of 64 in a new order each epoch, then the validation loss of the fifth that is held out. Ours runs as
build/tests/bin/attention_epochs, the code of the plugin. An epoch's time is the smallest over all epochs but a process's
first, which warms up; the ratio of the two is printed last. It means little where other work took the processors.
"""
import argparse
import pathlib
import subprocess
import time

import torch
from torch import nn

WIDTH, HEADS, LAYERS, BATCH, DROPOUT = 100, 5, 4, 64, 0.1


class Simple(nn.Module):
    def __init__(self, blocks, features, genes):
        super().__init__()
        self.inputs = nn.ModuleList(nn.Linear(features, WIDTH) for _ in range(blocks))
        self.cls = nn.Parameter(0.02 * torch.randn(1, 1, WIDTH))
        self.lines = nn.Embedding(1, WIDTH)
        self.line_norm = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(DROPOUT)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS)
        self.head = nn.Linear(WIDTH, genes)

    def forward(self, blocks, line):
        tokens = torch.stack([layer(x) for layer, x in zip(self.inputs, blocks)], dim=1)
        tokens = torch.cat([self.cls.expand(len(line), -1, -1), tokens], dim=1)
        tokens = self.dropout(tokens) + self.dropout(self.line_norm(self.lines(line)))[:, None, :]
        return self.head(self.encoder(tokens)[:, 0])


def epochs_of_torch(arguments):
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(123)
    blocks = [torch.randn(arguments.rows, arguments.features) for _ in range(arguments.blocks)]
    deltas = torch.randn(arguments.rows, arguments.genes)
    line = torch.zeros(arguments.rows, dtype=torch.long)
    every = torch.arange(arguments.rows)
    training, validation = every[every % 5 != 0], every[every % 5 == 0]
    model = Simple(arguments.blocks, arguments.features, arguments.genes)
    optimiser = torch.optim.Adam(model.parameters(), lr=9.931e-4)
    seconds = []
    for _ in range(arguments.epochs):
        start = time.perf_counter()
        model.train()
        for rows in training[torch.randperm(len(training))].split(BATCH):
            optimiser.zero_grad()
            loss = (model([x[rows] for x in blocks], line[rows]) - deltas[rows]).norm(dim=1).mean()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        model.eval()
        with torch.no_grad():
            total = sum((model([x[rows] for x in blocks], line[rows]) - deltas[rows]).norm(dim=1).sum().item()
                        for rows in validation.split(BATCH))
        assert total > 0
        seconds.append(time.perf_counter() - start)
    return seconds


def epochs_of_plugin(arguments):
    program = pathlib.Path(arguments.build) / "tests/bin/attention_epochs"
    sizes = [arguments.blocks, arguments.features, arguments.rows, arguments.genes, arguments.epochs, arguments.threads]
    done = subprocess.run([program, *map(str, sizes)], check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    for name, value in {"blocks": 29, "features": 1280, "rows": 1600, "genes": 6640, "epochs": 3, "threads": 2,
                        "rounds": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    if arguments.epochs < 2:
        parser.error("--epochs: at least 2, the first warms up")
    best = {"PyTorch": float("inf"), "attention": float("inf")}
    for _ in range(arguments.rounds):
        for name, measure in (("PyTorch", epochs_of_torch), ("attention", epochs_of_plugin)):
            seconds = measure(arguments)
            best[name] = min(best[name], *seconds[1:])
            print(f"{name:10} " + " ".join(f"{s:.2f}" for s in seconds) + " s", flush=True)
    print(f"an epoch of attention takes {best['attention'] / best['PyTorch']:.2f} times that of PyTorch")


if __name__ == "__main__":
    main()
