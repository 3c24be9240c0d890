"""Gene symbols that begin alike (RPL3, RPL4; HLA-A, HLA-B) get similar vectors: hashed prefixes, in NumPy."""
import zlib

import numpy as np

about = {
    "name": "gene_family_py",
    "version": "1.0.0",
    "licence": "Apache-2.0",
    "training_datasets": [],  # what the weights were trained on
    "options": {"dimension": (64, "columns of the embedding")},  # --set NAME.dimension=128
}


def embed(ids, context, options):
    """One row an id; a row of NaN is a perturbation that the model does not know."""
    vectors = np.zeros((len(ids), int(options["dimension"])))
    for row, name in zip(vectors, ids):
        for end in range(1, len(name) + 1):
            hashed = zlib.crc32(name[:end].encode("utf-8", "surrogateescape"))
            row[hashed % row.size] += 1 if hashed >> 31 else -1
    return vectors
