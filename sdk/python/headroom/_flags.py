"""Keyword arguments as flags of the command line: `common_dim=50` is `--common-dim 50`."""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Union

import pandas as pd

from headroom._memory import MemoryInputs, PathText, is_path

#: True sets a flag; a sequence repeats it; a mapping gives KEY=VALUE; a table stands for a CSV file; None leaves it out.
Flag = Union[None, bool, int, float, PathText, list[Any], tuple[Any, ...], Mapping[str, Any], pd.DataFrame]

#: What these functions decide themselves.
RESERVED = frozenset({"config", "format", "help", "json", "out"})


def flag_value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(flag_value(each) for each in value)
    return os.fspath(value) if is_path(value) else str(value)


def flag_words(name: str, value: Flag, inputs: MemoryInputs) -> list[str]:
    """One keyword argument as words of the command line."""
    flag = "--" + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, pd.DataFrame):
        return [flag, inputs.table(value, name)]
    if isinstance(value, Mapping):
        values = [f"{key}={flag_value(each)}" for key, each in value.items()]
    elif isinstance(value, (list, tuple)):
        values = [flag_value(each) for each in value]
    else:
        values = [flag_value(value)]
    words = []
    for each in values:
        words += [f"{flag}={each}"] if each.startswith("-") else [flag, each]
    return words


def words_of(flags: Mapping[str, Flag], inputs: MemoryInputs) -> list[str]:
    words: list[str] = []
    for name, value in flags.items():
        if name in RESERVED:
            raise TypeError(f"'{name}' is no flag of these functions: they return their results")
        words += flag_words(name, value, inputs)
    return words
