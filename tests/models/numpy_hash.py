# A script as it grows in a notebook: module-level work, a global table, float32.
import numpy as np

rng = np.random.RandomState(0)
W = rng.randn(256, 24).astype("float32")


def embed(ids, context):
    out = []
    for i in ids:
        x = np.zeros(256, dtype="float32")
        for b in i.encode("utf8", "surrogateescape"):
            x[b] += 1
        out.append(np.tanh(x @ W))
    return np.stack(out)
