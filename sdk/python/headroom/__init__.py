"""How much of the achievable progress a perturbation-response predictor has made.

The commands of the program `headroom` as functions, in this process and with the same numbers: `bounds`, `run` and
`score`; `prepare` and `simulate` make tasks. Every flag of a command is a keyword argument (`--common-dim 50` is
`common_dim=50`; see `flags`), and every input that a command reads from a file may be an object in memory as well.
"""
from headroom._commands import bounds, flags, prepare, run, score, simulate
from headroom._core import Error, HarnessError, InputError, PluginError, SandboxError, __version__
from headroom._results import Bounds, PluginWarning, Report, Results

__all__ = [
    "Bounds", "Error", "HarnessError", "InputError", "PluginError", "PluginWarning", "Report", "Results",
    "SandboxError", "__version__", "bounds", "flags", "prepare", "run", "score", "simulate",
]
