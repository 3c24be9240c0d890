"""Outputs, losses and gradients of the attention fusion's models, by PyTorch's own modules in double precision.

Writes attention.json beside this file. Versions that made it: Debian 12's python3-torch 1.13.1, python3-numpy 1.24.2.
    /usr/bin/python3 tests/reference/fusion/make_attention.py

The simple model is nn.TransformerEncoder as PyTorch has it (post-norm, GELU, key padding mask); the full one adds the
gate by hand. Parameters are no weights of a training but a formula of their place, PARAMETER, in the order in which
plugins/attention/attention_model.cpp lays them out.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
WIDTH, GENES, FEATURES, ROWS, LINES = 8, 3, [4, 3], 5, 2


class Parameters:
    """Numbers 0.4 sin(0.37 (i² mod 1009)) for the i-th value that is asked for."""

    def __init__(self):
        self.n, self.made = 0, []

    def __call__(self, *shape):
        size = math.prod(shape)
        values = torch.tensor([0.4 * math.sin(0.37 * (i * i % 1009)) for i in range(self.n, self.n + size)])
        self.n += size
        self.made.append(values.reshape(shape).requires_grad_(True))
        return self.made[-1]

    def linear(self, inputs, outputs):
        return self(outputs, inputs), self(outputs)

    def norm(self, width):
        return self(width), self(width)


def inputs():
    """Two blocks of rows; row 1 lacks the first block, row 4 the second."""
    blocks = [torch.tensor([[math.cos(1 + 3 * r + 0.5 * f + b) for f in range(n)] for r in range(ROWS)])
              for b, n in enumerate(FEATURES)]
    absent = torch.zeros(ROWS, 2, dtype=torch.bool)
    absent[1, 0] = absent[4, 1] = True
    for b in range(2):
        blocks[b][absent[:, b]] = 0
    lines = torch.tensor([0, 1, 1, 0, 1])
    profiles = torch.tensor([[0.5 + 0.1 * g + 0.7 * c for g in range(GENES)] for c in range(LINES)])
    targets = torch.tensor([[math.sin(2 * r + g) for g in range(GENES)] for r in range(ROWS)])
    return blocks, absent, lines, profiles, targets


def attention(x, joint, projection, gate, heads, padding):
    """Multi-head attention written out, with the full model's gate before the projection."""
    rows, tokens, width = x.shape
    q, k, v = F.linear(x, *joint).chunk(3, dim=-1)
    split = lambda t: t.reshape(rows, tokens, heads, width // heads).permute(0, 2, 1, 3)
    scores = torch.einsum("rhid,rhjd->rhij", split(q), split(k)) / math.sqrt(width // heads)
    scores = scores.masked_fill(padding[:, None, None, :], float("-inf"))
    mixed = torch.einsum("rhij,rhjd->rhid", scores.softmax(-1), split(v)).permute(0, 2, 1, 3).reshape(x.shape)
    return F.linear(torch.sigmoid(F.linear(x, *gate)) * mixed, *projection)


def torch_layer(layer, heads):
    """The same parameters in PyTorch's own layer."""
    made = nn.TransformerEncoderLayer(WIDTH, heads, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True)
    names = {"self_attn.in_proj_weight": layer["joint"][0], "self_attn.in_proj_bias": layer["joint"][1],
             "self_attn.out_proj.weight": layer["projection"][0], "self_attn.out_proj.bias": layer["projection"][1],
             "linear1.weight": layer["widen"][0], "linear1.bias": layer["widen"][1],
             "linear2.weight": layer["narrow"][0], "linear2.bias": layer["narrow"][1],
             "norm1.weight": layer["norm1"][0], "norm1.bias": layer["norm1"][1],
             "norm2.weight": layer["norm2"][0], "norm2.bias": layer["norm2"][1]}
    return lambda x, padding: torch.nn.utils.stateless.functional_call(
        made, names, x, {"src_key_padding_mask": padding})


def model(full, normalises, outputs, heads, layers):
    blocks, absent, lines, profiles, targets = inputs()
    p = Parameters()
    norms, tokens_of, back = [], [], []
    for n in FEATURES:
        if normalises:
            norms.append(p.norm(n))
        tokens_of.append(p.linear(n, WIDTH))
        if full:
            back.append(p.linear(WIDTH, n))
    cls = p(WIDTH)
    stack = []
    for _ in range(layers):
        layer = {"joint": (p(3 * WIDTH, WIDTH), p(3 * WIDTH)), "projection": p.linear(WIDTH, WIDTH)}
        if full:
            layer["gate"] = p.linear(WIDTH, WIDTH)
        layer["widen"], layer["narrow"] = p.linear(WIDTH, 2 * WIDTH), p.linear(2 * WIDTH, WIDTH)
        layer["norm1"], layer["norm2"] = p.norm(WIDTH), p.norm(WIDTH)
        stack.append(layer)

    x = torch.stack([F.linear(F.layer_norm(b, b.shape[-1:], *norms[i]) if normalises else b, *tokens_of[i])
                     for i, b in enumerate(blocks)], dim=1)
    x = torch.cat([cls.expand(ROWS, 1, WIDTH), x], dim=1)
    padding = torch.cat([torch.zeros(ROWS, 1, dtype=torch.bool), absent], dim=1)
    if not full:
        vectors, line_norm, head = p(LINES, WIDTH), p.norm(WIDTH), p.linear(WIDTH, outputs)
        x = x + F.layer_norm(vectors[lines], (WIDTH,), *line_norm)[:, None, :]
        for layer in stack:
            x = torch_layer(layer, heads)(x, padding)
        answer = F.linear(x[:, 0], *head)
        loss = (answer[:, :GENES] - targets).norm(dim=1).mean()
        extra = {}
    else:
        head = [p.linear(2 * WIDTH, 400), p.linear(400, 400), p.linear(400, outputs)]
        widths = [GENES, 1024, 256, WIDTH]
        down = [p.linear(widths[i], widths[i + 1]) for i in range(3)]
        up = [p.linear(widths[i], widths[i - 1]) for i in (3, 2, 1)]
        down_norms, up_norms = [p.norm(1024), p.norm(256)], [p.norm(256), p.norm(1024)]
        for layer in stack:
            mixed = attention(x, layer["joint"], layer["projection"], layer["gate"], heads, padding)
            x = F.layer_norm(x + mixed, (WIDTH,), *layer["norm1"])
            fed = F.linear(F.gelu(F.linear(x, *layer["widen"])), *layer["narrow"])
            x = F.layer_norm(x + fed, (WIDTH,), *layer["norm2"])

        def through(y, steps, normed):
            for i, step in enumerate(steps):
                y = F.linear(y, *step)
                if i + 1 < len(steps):
                    y = F.relu(F.layer_norm(y, y.shape[-1:], *normed[i]))
            return y

        latent = F.normalize(through(profiles[lines], down, down_norms), dim=1)
        restored = through(latent, up, up_norms)
        y = torch.cat([x[:, 0], latent], dim=1)
        for i, step in enumerate(head):
            y = F.linear(y, *step)
            if i + 1 < len(head):
                y = F.gelu(y)
        answer = y
        rebuilt = [F.linear(x[:, b + 1], *back[b]) for b in range(2)]
        by_block = [F.mse_loss(rebuilt[b][~absent[:, b]], blocks[b][~absent[:, b]]) for b in range(2)]
        loss = ((answer - targets).norm(dim=1).mean() + 9.4116 * sum(by_block) / 2
                + 9.5606 * F.mse_loss(restored, profiles[lines]))
        extra = {"reconstruction": rebuilt[0].tolist(), "profile": restored.tolist()}
    slopes = torch.autograd.grad(loss, p.made)
    flat = torch.cat([s.reshape(-1) for s in slopes])
    wave = torch.cos(torch.arange(flat.numel()))
    return {"outputs": answer.tolist(), "loss": loss.item(), "n_parameters": p.n, "gradient_norm": flat.norm().item(),
            "gradient_along_wave": (flat @ wave).item(), **extra}


def main():
    result = {"simple": model(False, False, GENES, 2, 2), "classes": model(False, True, 3 * GENES, 4, 3),
              "full": model(True, False, GENES, 2, 2)}
    path = pathlib.Path(__file__).with_name("attention.json")
    path.write_text(json.dumps(result, indent=1) + "\n")


main()
