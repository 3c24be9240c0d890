"""Objects of Python as inputs of a command.

A command reads files. What lies in memory becomes one without a disk: its bytes go to a memory file (memfd), which the
command opens by a link of the name and extension that it expects. An h5ad holds what AnnData.write_h5ad writes, and
vectors are what numpy.savez writes, so numbers are those of such files.
"""
from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData

PathText = Union[str, os.PathLike[str]]
#: Vectors by perturbation: a file or plugin, a table indexed by perturbation, an array with its rows' names, or an h5ad.
Vectors = Union[PathText, pd.DataFrame, tuple[Any, Any], "AnnData"]
#: Predictions by perturbation: a file, an h5ad, or a table indexed by perturbation (or perturbation and context).
Predictions = Union[PathText, pd.DataFrame, "AnnData"]


class MemoryInputs:
    """Inputs of one command; a context manager that forgets them at its end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="headroom-")
        self._descriptors: list[int] = []

    def __enter__(self) -> MemoryInputs:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._folder.cleanup()

    def without_folder(self, text: str) -> str:
        """The text, where inputs are called as if they lay here."""
        for i in range(len(self._descriptors)):
            text = text.replace(f"{self._folder.name}/{i}/", "")
        return text

    def file(self, name: str) -> tuple[int, str]:
        """A new memory file, and the path by which this process opens it."""
        descriptor = os.memfd_create("headroom", os.MFD_CLOEXEC)
        folder = Path(self._folder.name) / str(len(self._descriptors))
        folder.mkdir()
        self._descriptors.append(descriptor)
        path = folder / name.replace("/", "_")
        path.symlink_to(f"/proc/self/fd/{descriptor}")
        return descriptor, str(path)

    def task(self, task: Union[PathText, "AnnData"], name: str) -> str:
        if is_path(task):
            return os.fspath(task)
        if not is_anndata(task):
            raise TypeError(f"a task is a path or an AnnData, not {type(task).__name__}")
        return self._h5ad(task, name)

    def vectors(self, vectors: Vectors, name: str) -> str:
        if is_path(vectors):
            return os.fspath(vectors)
        if is_anndata(vectors):
            return self._h5ad(vectors, name)
        if isinstance(vectors, pd.DataFrame):
            if not all(pd.api.types.is_numeric_dtype(kind) for kind in vectors.dtypes):
                return self.table(vectors, name)
            return self._npz(vectors.to_numpy(), vectors.index, name)
        if isinstance(vectors, tuple) and len(vectors) == 2:
            return self._npz(np.asarray(vectors[0]), vectors[1], name)
        raise TypeError(f"the vectors of '{name}' are a {type(vectors).__name__}: give a path, a DataFrame indexed by "
                        "perturbation, (array, ids) or an AnnData")

    def predictions(self, predictions: Predictions, name: str) -> str:
        if is_path(predictions):
            return os.fspath(predictions)
        if is_anndata(predictions):
            return self._h5ad(predictions, name)
        if isinstance(predictions, pd.DataFrame):
            return self._h5ad(anndata_of_predictions(predictions), name)
        raise TypeError(f"the predictions '{name}' are a {type(predictions).__name__}: give a path, an AnnData or a "
                        "DataFrame of perturbations × genes")

    def table(self, frame: pd.DataFrame, name: str) -> str:
        descriptor, path = self.file(f"{name}.csv")
        has_names = not isinstance(frame.index, pd.RangeIndex)
        with open(descriptor, "w", encoding="utf-8", newline="", closefd=False) as file:
            frame.to_csv(file, index=has_names)
        return path

    def _npz(self, vectors: np.ndarray, ids: Any, name: str) -> str:
        names = np.asarray([str(each) for each in ids])
        if vectors.ndim != 2 or len(vectors) != len(names):
            raise ValueError(f"the vectors of '{name}' have the shape {vectors.shape}, for {len(names)} perturbations: "
                             "give one row for each")
        descriptor, path = self.file(f"{name}.npz")
        with open(descriptor, "wb", closefd=False) as file:
            np.savez(file, ids=names, vectors=vectors)
        return path

    def _h5ad(self, adata: AnnData, name: str) -> str:
        import h5py  # which anndata needs itself

        descriptor, path = self.file(f"{name}.h5ad")
        with open(descriptor, "r+b", buffering=0, closefd=False) as memory, h5py.File(memory, "w") as file:
            element_writer()(file, "/", writable_twin(adata))
        return path


def is_path(value: object) -> bool:
    return isinstance(value, (str, os.PathLike))


def is_anndata(value: object) -> bool:
    anndata = sys.modules.get("anndata")  # who has such an object has loaded it
    return anndata is not None and isinstance(value, anndata.AnnData)


def element_writer() -> Any:
    """What writes an AnnData to an open HDF5 file: AnnData.write_h5ad itself wants a path with a real file."""
    try:
        from anndata.io import write_elem
    except ImportError:  # before 0.11
        from anndata.experimental import write_elem
    return write_elem


def writable_twin(adata: AnnData) -> AnnData:
    """The same numbers with tables of their own, whose texts are categories, as AnnData.write_h5ad makes them."""
    if adata.isbacked:
        adata = adata.to_memory()
    if adata.is_view:
        adata = adata.copy()
    twin = type(adata)(obs=adata.obs.copy(), var=adata.var.copy(), uns=adata.uns, obsm=dict(adata.obsm),
                       varm=dict(adata.varm), layers=dict(adata.layers), raw=adata.raw, obsp=dict(adata.obsp),
                       varp=dict(adata.varp), **same_numbers(adata))
    twin.strings_to_categoricals()
    return twin


def same_numbers(adata: AnnData) -> dict[str, Any]:
    """X as it is, for the constructor: that of anndata before 0.9 makes single precision of it unless it is told."""
    if adata.X is None:
        return {}
    version = sys.modules["anndata"].__version__.split(".")
    if (int(version[0]), int(version[1])) < (0, 9):
        return {"X": adata.X, "dtype": adata.X.dtype}
    return {"X": adata.X}


def anndata_of_predictions(frame: pd.DataFrame) -> AnnData:
    try:
        import anndata
    except ImportError:
        raise ImportError("a table of predictions becomes an h5ad by the package anndata, which is not installed: "
                          "install it, or give a path") from None
    index = frame.index.to_frame(index=False).astype(str)
    if index.shape[1] > 2:
        raise ValueError(f"the predictions are indexed by {index.shape[1]} levels: by perturbation, or by perturbation "
                         "and context")
    index.columns = ["pert_id", "context"][:index.shape[1]]
    index.index = [f"row{i}" for i in range(len(index))]
    matrix = frame.to_numpy()
    if matrix.dtype.kind not in "fiu":
        raise TypeError("the predictions are not all numbers: give perturbations × genes")
    adata = anndata.AnnData(obs=index, var=pd.DataFrame(index=frame.columns.astype(str)))
    adata.X = matrix
    return adata
