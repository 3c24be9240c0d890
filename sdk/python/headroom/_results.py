"""Results as tables of pandas, and as what a notebook shows."""
from __future__ import annotations

import html
import json
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, Optional, Union

import pandas as pd

from headroom import _core
from headroom._memory import PathText


class PluginWarning(UserWarning):
    """Everything was evaluated, but a plugin failed: its rows say why (exit code 3)."""


class Bounds:
    """What a summary tells: WAP, BAP and the gap of every context, metric and head, and the methods between them."""

    def __init__(self, summary_json: str) -> None:
        self.summary_json = summary_json

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json, with every number, interval, verdict and setting."""
        return json.loads(self.summary_json)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """One row a context, metric and head: the bounds with the methods that set them, and the gap between them.

        Undefined numbers are NaN. `defined` is false where no percentage is meaningful.
        """
        return pd.DataFrame([gap_row(each) for each in self.summary.get("contexts", [])], columns=GAP_COLUMNS)

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a context, metric, head and method: its value (median over folds), the percentage of the gap that it
        closes with its interval, and the verdict; `status` and `reason` of what failed or was skipped."""
        rows = [{**place_of(context), **{name: method.get(name) for name in METHOD_FIELDS}}
                for context in self.summary.get("contexts", []) for method in context.get("methods", [])]
        return pd.DataFrame(rows, columns=[*PLACE_FIELDS, *METHOD_FIELDS])

    @cached_property
    def doubts(self) -> pd.DataFrame:
        """What was doubtful about the inputs, one row each."""
        columns = ["code", "severity", "where", "what", "n", "remedy", "accepted"]
        return pd.DataFrame([{name: doubt.get(name) for name in columns} for doubt in self.summary.get("doubts", [])],
                            columns=columns)

    def __str__(self) -> str:
        return _core.bounds_text(self.summary_json)

    def __repr__(self) -> str:
        return f"<headroom.{type(self).__name__}: {len(self.gaps)} gaps, {len(self.methods)} methods>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


class Results(Bounds):
    """What a run left in its folder, also one that the command made: `headroom.Results("out")`."""

    def __init__(self, folder: PathText, _keeper: Optional[tempfile.TemporaryDirectory[str]] = None) -> None:
        self.folder = Path(folder)
        self._keeper = _keeper  # of a folder that lasts as long as the results
        try:
            text = (self.folder / "summary.json").read_text(encoding="utf-8")
        except OSError as problem:
            raise _core.InputError(f"there are no results ({problem}): name the folder that a run wrote") from None
        super().__init__(text)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """scores.csv: one row a context, fold and method."""
        return read_table(self.folder / "scores.csv")

    @cached_property
    def perturbations(self) -> pd.DataFrame:
        """perturbations.csv: one row a context, fold, method and test perturbation, with every metric."""
        return read_table(self.folder / "perturbations.csv")

    def report(self) -> Report:
        """The page, which a notebook shows."""
        return Report(self.folder / "report.html", self._keeper)

    def save(self, folder: PathText) -> Results:
        """Copies all files of the run to a new folder, and returns the results there."""
        shutil.copytree(self.folder, folder)
        return Results(folder)

    def __str__(self) -> str:
        return _core.methods_text(self.summary_json)


class Report:
    """A page that works offline."""

    def __init__(self, path: PathText, _keeper: Optional[tempfile.TemporaryDirectory[str]] = None) -> None:
        self.path = Path(path)
        self._keeper = _keeper

    @cached_property
    def html(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def save(self, path: PathText) -> Path:
        return Path(shutil.copyfile(self.path, path))

    def __repr__(self) -> str:
        return f"<headroom.Report: {self.path}>"

    def _repr_html_(self) -> str:
        # A document of its own: its styles and scripts are not the notebook's, and reach nothing of it.
        return (f'<iframe srcdoc="{html.escape(self.html, quote=True)}" sandbox="allow-scripts allow-downloads" '
                'style="width: 100%; height: 60em; border: 0"></iframe>')


PLACE_FIELDS = ["target", "split_family", "context", "metric", "head"]
GAP_COLUMNS = [*PLACE_FIELDS, "higher_is_better", "wap_method", "wap", "wap_low", "wap_high", "bap_method", "bap",
               "bap_low", "bap_high", "gap", "gap_low", "gap_high", "defined"]
METHOD_FIELDS = ["name", "embedding", "predictor", "role", "status", "reason", "value", "gap_closed", "ci_low",
                 "ci_high", "verdict", "coverage"]
#: Columns of the CSV files that hold words, whatever they look like.
WORDS = frozenset({"dataset", "context", "fold", "name", "embedding", "predictor", "role", "status", "primary_metric",
                   "pert_id", "target", "audit", "by", "stratum", "method"})


def place_of(context: dict[str, Any]) -> dict[str, Any]:
    return {"target": context.get("target", "lfc"), "split_family": context.get("split_family", "within"),
            "context": context["context"], "metric": context["metric"], "head": context.get("head", "")}


def gap_row(context: dict[str, Any]) -> dict[str, Any]:
    gap = context.get("gap", {})
    row = {**place_of(context), "higher_is_better": context.get("higher_is_better", False)}
    for bound in ("wap", "bap"):
        held = context.get(bound, {})
        row |= {f"{bound}_method": held.get("method"), bound: held.get("value"), f"{bound}_low": held.get("ci_low"),
                f"{bound}_high": held.get("ci_high")}
    return row | {"gap": gap.get("value"), "gap_low": gap.get("ci_low"), "gap_high": gap.get("ci_high"),
                  "defined": gap.get("defined", False)}


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file of Headroom with its numbers as they are written, and its words as they were before a spreadsheet was
    kept from running them."""
    columns: Union[pd.Index, list[str]] = pd.read_csv(path, nrows=0).columns
    words = [name for name in columns if name in WORDS]
    frame = pd.read_csv(path, float_precision="round_trip", keep_default_na=False,
                        na_values={name: [""] for name in columns if name not in WORDS},
                        dtype={name: str for name in words})
    for name in words:
        frame[name] = frame[name].map(_core.unguarded)
    return frame
