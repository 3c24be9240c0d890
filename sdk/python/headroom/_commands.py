"""The commands as functions."""
from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from headroom import _core
from headroom._flags import Flag, words_of
from headroom._memory import MemoryInputs, PathText, Predictions, Vectors
from headroom._program import PROGRAM, make_executable
from headroom._progress import Progress, teller_of
from headroom._results import Bounds, PluginWarning, Results

if TYPE_CHECKING:
    from anndata import AnnData

Task = Union[PathText, "AnnData"]

EXIT_PLUGIN_FAILED = 3

make_executable()
_core.name_program_file(str(PROGRAM))


def bounds(task: Task, *, name: str = "adata", quiet: bool = False, progress: Progress = True, **flags: Flag) -> Bounds:
    """WAP, BAP and the gap of a task, before any model: `headroom bounds`.

    `task` is an h5ad of deltas, a folder with task.h5ad, or such an AnnData, which is called `name` in the results.
    """
    with MemoryInputs() as inputs:
        words = ["bounds", inputs.task(task, name), "--json", *words_of(flags, inputs)]
        _, printed = carry_out(words, inputs, quiet, progress)
    return Bounds(printed)


def run(task: Task, embeddings: Optional[Mapping[str, Vectors]] = None, *, out: Optional[PathText] = None,
        name: str = "adata", quiet: bool = False, progress: Progress = True, **flags: Flag) -> Results:
    """How much of the gap embeddings close, through the fixed protocol: `headroom run`.

    `embeddings` maps names to a path (a file of vectors, a plugin, a model in Python, a folder with one), to a DataFrame
    indexed by perturbation, to `(array, ids)`, or to an AnnData of perturbations. Without `out` the files of the run
    last as long as the results.
    """
    with MemoryInputs() as inputs:
        words = ["run", inputs.task(task, name)]
        for label, vectors in (embeddings or {}).items():
            words += ["--embedding", f"{label}={inputs.vectors(vectors, label)}"]
        return evaluate(words + words_of(flags, inputs), inputs, out, quiet, progress)


def score(task: Optional[Task], predictions: Mapping[str, Predictions], *, out: Optional[PathText] = None,
          real: Optional[Task] = None, name: str = "adata", quiet: bool = False, progress: Progress = True,
          **flags: Flag) -> Results:
    """Finished predictions of any model in the same table: `headroom score`.

    `predictions` maps names to a path, to an AnnData (obs pert_id and context, X deltas, or what `predicted="cells"` and
    `values` say), or to a DataFrame of predicted deltas, perturbations × genes, indexed by perturbation or by
    perturbation and context. With `real` cells in the place of a task, which is None then, one prediction of cells is
    compared with them (`suite`).
    """
    with MemoryInputs() as inputs:
        words = ["score"]
        if task is not None:
            words.append(inputs.task(task, name))
        for label, predicted in predictions.items():
            words += ["--predictions", f"{label}={inputs.predictions(predicted, label)}"]
        if real is not None:
            words += ["--real", inputs.task(real, "real")]
        return evaluate(words + words_of(flags, inputs), inputs, out, quiet, progress)


def prepare(cells: Task, out: PathText, *, name: str = "adata", quiet: bool = False, progress: Progress = True,
            **flags: Flag) -> Path:
    """Deltas, folds and their sampling error from single cells: `headroom prepare`. Returns the folder of the task."""
    with MemoryInputs() as inputs:
        words = ["prepare", inputs.task(cells, name), "-o", os.fspath(out), *words_of(flags, inputs)]
        carry_out(words, inputs, quiet, progress)
    return Path(out)


def simulate(out: PathText, *, quiet: bool = False, progress: Progress = True, **flags: Flag) -> Path:
    """A synthetic screen with a task and embeddings: `headroom simulate`. Returns its folder."""
    with MemoryInputs() as inputs:
        carry_out(["simulate", "-o", os.fspath(out), *words_of(flags, inputs)], inputs, quiet, progress)
    return Path(out)


def flags(command: str) -> str:
    """What `headroom COMMAND --help` says: every flag is a keyword argument, with underscores for its hyphens."""
    with MemoryInputs() as inputs:
        return carry_out([command, "--help"], inputs, True, False)[1]


def evaluate(words: list[str], inputs: MemoryInputs, out: Optional[PathText], quiet: bool,
             progress: Progress) -> Results:
    keeper = tempfile.TemporaryDirectory(prefix="headroom-results-") if out is None else None
    folder = keeper.name if keeper is not None else os.fspath(out)  # type: ignore[arg-type]
    exit_code, _ = carry_out([*words, "-o", folder], inputs, quiet, progress)
    results = Results(folder, keeper)
    if exit_code == EXIT_PLUGIN_FAILED:
        failed = results.methods[results.methods["status"] == "failed"]
        reasons = "; ".join(dict.fromkeys(failed["name"] + ": " + failed["reason"].fillna("no reason is known")))
        warnings.warn(f"a plugin failed: {reasons}", PluginWarning, stacklevel=3)
    return results


def carry_out(words: list[str], inputs: MemoryInputs, quiet: bool, progress: Progress) -> tuple[int, str]:
    teller = teller_of(False if quiet else progress)
    if quiet and words[-1] != "--help":
        words = [*words, "--quiet"]
    try:
        return _core.run(words, lambda text: teller.message(inputs.without_folder(text)), teller.progress)
    except _core.Error as problem:
        raise type(problem)(inputs.without_folder(str(problem))) from None
