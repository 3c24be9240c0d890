"""Makes the tiny files that the tests of host/io and host/task read. Run with Debian 12's python3-anndata:

    /usr/bin/python3 make_fixtures.py

Versions that made the committed files: anndata 0.8.0, h5py 3.7.0, NumPy 1.24.2, pandas 1.5.3, SciPy 1.10.1.

Every matrix is 6 × 5 with value(i, j) = 0 where (i + 2 j) % 3 == 0, else 10 i + j + 0.5 (integer files: without the
half), so that a test knows the expected numbers without another file.
"""
import gzip
import pathlib
import zipfile

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

HERE = pathlib.Path(__file__).parent
ROWS, COLUMNS = 6, 5
I, J = np.meshgrid(np.arange(ROWS), np.arange(COLUMNS), indexing="ij")
VALUES = np.where((I + 2 * J) % 3 == 0, 0.0, 10 * I + J + 0.5)
INTEGERS = np.floor(VALUES).astype(np.int32)
IDS = [f"cell{i}" for i in range(ROWS)]


def annotated(x):
    obs = pd.DataFrame(
        {
            "guide": pd.Categorical(["b", "a", None, "b", "c", "a"], categories=["a", "b", "c"]),
            "plate": pd.Categorical([3, 1, 3, 1, 3, 1], categories=[1, 3]),
            "name": ["α", "β beta", "", "d,e", 'f"g', "h"],
            "count": np.array([5, -4, 3, 2, 1, 0], dtype=np.int32),
            "depth": [0.5, 1.0, np.nan, 2.0, -3.25, 1e300],
            "is_control": [True, False, False, True, False, False],
        },
        index=IDS,
    )
    var = pd.DataFrame({"gene_id": [f"ENSG{j}" for j in range(COLUMNS)]}, index=[f"SYM{j}" for j in range(COLUMNS)])
    return anndata.AnnData(X=x, obs=obs, var=var, dtype=x.dtype)


def modern():
    annotated(VALUES).write_h5ad(HERE / "dense_float64.h5ad")
    annotated(sp.csr_matrix(VALUES.astype(np.float32))).write_h5ad(HERE / "csr_float32.h5ad", compression="gzip")

    data = annotated(sp.csc_matrix(VALUES))
    data.layers["counts"] = INTEGERS
    data.raw = data.copy()
    data = data[:, :3].copy()
    data.uns["headroom_design"] = "matched"
    data.write_h5ad(HERE / "csc_raw_layer.h5ad")

    with h5py.File(HERE / "nullable.h5ad", "w") as file:
        frame(file, "obs", np.array([b"r0", b"r1", b"r2"]), ["dose", "alive", "guide"])
        frame(file, "var", np.array([7, 8], dtype=np.uint16), [])
        for name, values, mask in [
            ("dose", np.array([1, 0, 3]), np.array([False, True, False])),
            ("alive", np.array([True, False, False]), np.array([False, False, True])),
        ]:
            group = file["obs"].create_group(name)
            group["values"], group["mask"] = values, mask
        file["X"] = np.array([[True, False], [False, True], [True, True]])
        # Categories as anndata 0.12 writes those of pandas' texts: values beside a mask.
        guide = file["obs"].create_group("guide")
        guide["codes"] = np.array([1, -1, 0], dtype=np.int8)
        guide["categories/values"] = np.array(["A1", "B2"], dtype=h5py.string_dtype())
        guide["categories/mask"] = np.array([False, False])
        guide.attrs["encoding-type"], guide["categories"].attrs["encoding-type"] = "categorical", "nullable-string-array"


def frame(file, name, index, columns):
    """A table with a fixed-length or integer index, as writers other than anndata make them."""
    group = file.create_group(name)
    group.attrs["_index"] = "index"
    group.attrs["column-order"] = np.array(columns, dtype=h5py.string_dtype())
    group["index"] = index


def legacy():
    """The forms of anndata 0.6 and 0.7: no encoding attributes, referenced categories, h5sparse attributes."""
    with h5py.File(HERE / "legacy.h5ad", "w") as file:
        frame(file, "obs", np.array([i.encode() for i in IDS]), ["guide", "count"])
        frame(file, "var", np.arange(100, 100 + COLUMNS), [])
        obs = file["obs"]
        obs["count"] = np.arange(ROWS)
        obs["guide"] = np.array([1, 0, 255, 1, 2, 0], dtype=np.uint8).astype(np.int8)
        obs["__categories/guide"] = np.array(["a", "b", "c"], dtype=h5py.string_dtype())
        obs["guide"].attrs["categories"] = obs["__categories/guide"].ref
        x = sp.csr_matrix(VALUES)
        group = file.create_group("X")
        group.attrs["h5sparse_format"] = "csr"
        group.attrs["h5sparse_shape"] = np.array(x.shape)
        group["data"], group["indices"], group["indptr"] = x.data, x.indices, x.indptr
    with h5py.File(HERE / "legacy_compound.h5ad", "w") as file:
        file["X"] = VALUES
        file["obs"] = np.array([(i.encode(), 1.0) for i in IDS], dtype=[("index", "S8"), ("count", "f8")])
        file["var"] = np.array([(f"g{j}".encode(),) for j in range(COLUMNS)], dtype=[("index", "S8")])


def vectors():
    ids = np.array(["α", "b", "c"])
    matrix = VALUES[:3].astype(np.float32)
    np.savez(HERE / "vectors.npz", ids=ids, vectors=matrix)
    np.savez_compressed(HERE / "vectors_fortran.npz", index=np.array([b"x", b"yy", b"z"]),
                        X=np.asfortranarray(VALUES[:3]))
    np.savez(HERE / "vectors_half.npz", pert_id=np.array([10, 20, 30]), embeddings=VALUES[:3].astype(">f2"))
    np.savez(HERE / "vectors_by_id.npz", **{"g1": VALUES[1], "g2": INTEGERS[2]})
    np.savez(HERE / "vectors_pickled.npz", ids=np.array(["a", "b", "c"], dtype=object), vectors=matrix)
    zip64()
    with gzip.GzipFile(HERE / "vectors.tsv.gz", "wb", mtime=0) as file:
        file.write(b"id\tv1\tv2\ng1\t1.5\t-2\ng2\t0.25\t1e-3\n")


def zip64():
    """A small file with the 64-bit fields of a large one."""
    limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 10
    np.savez(HERE / "vectors_zip64.npz", ids=np.array(["a", "b", "c"]), vectors=VALUES[:3])
    zipfile.ZIP64_LIMIT = limit


if __name__ == "__main__":
    modern()
    legacy()
    vectors()
