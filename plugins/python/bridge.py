"""What stands between Headroom's worker and a model in Python: finds what the model's file defines, calls it, and takes
its answers in whatever form they come. Runs in the confined worker; sdk/README.md says what a model may define.

Matrices come as (memory, rows, columns, row stride), and are views of the worker's memory: nothing is copied but the
rows of a part, where they do not lie in a row. All that a model is handed is read-only or its own: what it does to a list
or an array changes nothing for the next call.
"""
import errno
import importlib.util
import inspect
import os
import re
import sys
import traceback
import types

import numpy as np

LFC, DEG = 1, 2  # HEADROOM_SUPPORTS_REGRESSION, HEADROOM_SUPPORTS_CLASSES
_model = types.SimpleNamespace(path="", module=None, kind="", function=None, cls=None, about={}, state=None, asked=None)


# ---- what the file defines ----

def load(path):
    """Runs the file and says what it is: what headroom_plugin_entry returns, as a dict."""
    folder, file = os.path.split(path)
    sys.path.insert(0, folder)
    name = file[:-3]
    # Under its own name, so that what was pickled beside it finds its classes.
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _model.path, _model.module = path, module
    spec.loader.exec_module(module)
    _find(module, file)
    _model.about = dict(_about_of(module))
    return _description(name)


def _find(module, file):
    embed, embedding, predictor = (getattr(module, n, None) for n in ("embed", "Embedding", "Predictor"))
    own = [c for c in vars(module).values()
           if isinstance(c, type) and c.__module__ == module.__name__ and _has(c, "fit", "predict")]
    if callable(embed):
        _model.kind, _model.function = "embedding", embed
    elif isinstance(embedding, type) and _has(embedding, "embed"):
        _model.kind, _model.cls = "embedding", embedding
    elif predictor is not None and _has(predictor, "fit", "predict"):
        _model.kind, _model.cls = "predictor", predictor
    elif len(own) == 1:
        _model.kind, _model.cls = "predictor", own[0]
    elif own:
        names = ", ".join(c.__name__ for c in own)
        raise TypeError(f"{file} has several classes with fit and predict ({names}): call one of them Predictor")
    else:
        raise TypeError(f"{file} defines neither embed(ids, context), nor a class Embedding with embed, nor a class "
                        "with fit and predict")


def _has(thing, *names):
    return all(callable(getattr(thing, n, None)) for n in names)


def _about_of(module):
    for holder in (module, _model.cls):
        about = getattr(holder, "about", None)
        if isinstance(about, dict):
            return about
    return {}


def _known(about):
    """The keys of `about`, of the types that they must have; an error names the key."""
    def refuse(key, wanted):
        raise ValueError(f"about[{key!r}] is {about[key]!r}, and must be {wanted}")

    kinds = {"training_datasets": "a list of names", "tasks": "a list of 'lfc', 'deg' or both"}
    for key, wanted in kinds.items():
        given = about.get(key, ())
        if not isinstance(given, (list, tuple, set)) or not all(isinstance(v, str) for v in given):
            refuse(key, wanted)
    if not set(about.get("tasks", ["lfc"])) <= {"lfc", "deg"} or not about.get("tasks", ["lfc"]):
        refuse("tasks", kinds["tasks"])
    for key in ("options", "hyperparameters"):
        if not isinstance(about.get(key, {}), dict):
            refuse(key, "a dict by name")
    for option, value in about.get("options", {}).items():
        if isinstance(value, (tuple, list)) and len(value) != 2:
            refuse("options", f"a default, or (default, help), for {option!r}")
    for name, given in about.get("hyperparameters", {}).items():
        grid = given.get("grid") if isinstance(given, dict) else given
        if not _are_numbers(grid):
            refuse("hyperparameters", f"numbers to try, or a dict with them as 'grid', for {name!r}")
    blocks = about.get("blocks", 1)
    pair = (blocks, blocks) if isinstance(blocks, int) else blocks
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(b, int) or b is None for b in pair):
        refuse("blocks", "a number, or the least and the most")
    return about


def _are_numbers(grid):
    try:
        return not isinstance(grid, str) and len([float(v) for v in grid]) > 0
    except (TypeError, ValueError):
        return False


def _text(value):
    """On one line, as descriptions are."""
    return " ".join(str(value).split())


def _description(name):
    about = _model.about
    doc = _model.cls and inspect.getdoc(_model.cls) or _model.module.__doc__ or inspect.getdoc(_model.function) or ""
    known = {"name", "version", "description", "licence", "training_datasets", "options", "hyperparameters", "blocks",
             "tasks", "uses_contexts"}
    for key in about:
        if key not in known:
            raise ValueError(f"about has the key {key!r}; known are {', '.join(sorted(known))}")
    _known(about)
    embeds = _model.function or (_model.cls.embed if _model.kind == "embedding" else None)
    blocks = about.get("blocks", 1)
    least, most = (blocks, blocks) if isinstance(blocks, int) else blocks
    return {
        "kind": _model.kind,
        # Descriptions have names of letters, digits, '_', '-' and '.', files any.
        "name": re.sub(r"[^\w.-]", "_", str(about.get("name", name)), flags=re.A)[:64],
        "version": _text(about.get("version", "0.0.0")),
        "description": _text(about.get("description", doc.strip().split("\n")[0] or "A model in Python")),
        "licence": _text(about.get("licence", "not said")),
        "training_datasets": [_text(d) for d in about.get("training_datasets", [])],
        "options": [_option(k, v) for k, v in about.get("options", {}).items()],
        "hyperparameters": [_hyperparameter(k, v) for k, v in about.get("hyperparameters", {}).items()],
        "wants_training": embeds is not None and "training" in _names(embeds),
        "wants_profiles": embeds is not None and "profiles" in _names(embeds),
        "uses_contexts": bool(about.get("uses_contexts", False)),
        "blocks": (int(least), int(most or 0)),
        "tasks": sum({"lfc": LFC, "deg": DEG}[t] for t in set(about.get("tasks", ["lfc"]))),
    }


def _option(key, value):
    default, said = value if isinstance(value, (tuple, list)) else (value, "an option of the model")
    return str(key), _text(default), _text(said)


def _hyperparameter(name, given):
    if not isinstance(given, dict):
        given = {"grid": given}
    grid = [float(v) for v in given["grid"]]
    is_integer = bool(given.get("integer", all(isinstance(v, int) for v in given["grid"])))
    return (str(name), _text(given.get("help", "a setting of the model")), grid, float(given.get("minimum", -np.inf)),
            float(given.get("maximum", np.inf)), is_integer)


# ---- calls ----

def _names(function):
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def _call(function, positional, available):
    """Calls with the arguments that the function names; parameters of other names are filled from `positional`."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a compiled function
        return function(*positional)
    queue, args, kwargs = list(positional), [], {}
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            args += queue
            queue = []
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            if p.name in available:
                kwargs[p.name] = available[p.name]
            elif queue and not kwargs:
                args.append(queue.pop(0))
            elif queue:
                kwargs[p.name] = queue.pop(0)
        elif p.kind is p.KEYWORD_ONLY and p.name in available:
            kwargs[p.name] = available[p.name]
    return function(*args, **kwargs)


def _settings(host):
    """What every function of a model may ask for by name."""
    return {"options": host["options"], "seed": host["seed"], "n_threads": host["n_threads"],
            "folder": os.path.dirname(_model.path), "random_state": host["seed"] % 2**32}


def _matrix(given, dtype=np.float64):
    memory, rows, columns, stride = given
    if memory is None or rows * columns == 0:
        return np.empty((rows, columns), dtype)
    flat = np.frombuffer(memory, dtype)
    size = flat.itemsize
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (stride * size, size), writeable=not memory.readonly)


def _column(memory, dtype):
    return None if memory is None else np.frombuffer(memory, dtype)


def _mark(memory):
    return None if memory is None else _still(np.frombuffer(memory, np.uint8).astype(bool))


def _still(array):
    """A copy of ours that several calls are given, as read-only as the views are."""
    array.setflags(write=False)
    return array


# ---- embeddings ----

def open_model(host):
    if _model.cls is not None and _model.kind == "embedding":
        _model.state = _call(_model.cls, [], _settings(host))


def dimension(host, request):
    rows = _vectors(host, request)
    _model.asked = (_key(request), rows)
    return rows.shape[1]


def embed(host, request, vectors, present):
    asked, _model.asked = _model.asked, None
    rows = asked[1] if asked is not None and asked[0] == _key(request) else _vectors(host, request)
    out = _matrix(vectors)
    if rows.shape != out.shape:
        raise ValueError(f"embed gave {rows.shape[1]} columns, and {out.shape[1]} when it was asked before")
    known = ~np.isnan(rows).all(axis=1)
    out[:] = rows
    np.frombuffer(present, np.uint8)[:] = known


def _key(request):
    return request["ids"], request["contexts"], request["id_contexts"] and bytes(request["id_contexts"])


class _Profiles(dict):
    """Control profiles by context, of those that have one; `genes` names their numbers."""
    genes = ()


def _training_part(request):
    numbers = _column(request["training_contexts"], np.int32)
    names = request["contexts"]
    n = request["n_training"]
    of_rows = [names[c] for c in numbers] if numbers is not None else list(names[:1]) * n
    return types.SimpleNamespace(ids=list(request["training_ids"]), deltas=_matrix(request["training_deltas"]),
                                 genes=list(request["gene_ids"]), contexts=of_rows)


def _profiles(request):
    present = _mark(request["profiles_present"])
    rows = zip(request["contexts"], _matrix(request["profiles"]))
    profiles = _Profiles((name, row) for c, (name, row) in enumerate(rows) if present is None or present[c])
    profiles.genes = list(request["gene_ids"])
    return profiles


def _vectors(host, request):
    ids = request["ids"]  # ours: a model is given copies
    numbers = _column(request["id_contexts"], np.int32)
    names = request["contexts"]
    function = _model.function or _model.state.embed
    available = _settings(host)
    if request["n_training"] > 0:
        available["training"] = _training_part(request)
    if request["profiles"] is not None:
        available["profiles"] = _profiles(request)
    if numbers is None or len(names) == 1:
        return _rows(_call(function, [list(ids), names[0]], available), ids)
    # A model of one context at a time is asked once for each.
    parts = [np.flatnonzero(numbers == c) for c in range(len(names))]
    answers = []
    for c, part in enumerate(parts):
        if len(part):
            if "training" in available:
                available["training"] = _training_part(request)
            if "profiles" in available:
                available["profiles"] = _profiles(request)
            asked = [ids[i] for i in part]
            answers.append(_rows(_call(function, [list(asked), names[c]], available), asked))
    widths = {a.shape[1] for a in answers}
    if len(widths) > 1:
        raise ValueError(f"embed gave vectors of {sorted(widths)} columns for different contexts")
    joined = np.empty((len(ids), widths.pop()))
    for part, answer in zip([p for p in parts if len(p)], answers):
        joined[part] = answer
    return joined


def _plain(answer):
    """Of torch, pandas or anything else that knows its array."""
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu()
        answer = (answer.float() if str(answer.dtype) == "torch.bfloat16" else answer).numpy()
    if hasattr(answer, "to_numpy"):
        answer = answer.to_numpy()
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    return answer


def _doubles(answer, who):
    """Refused is what would lose a part of itself, and text that looks like numbers."""
    given = np.asarray(answer)
    if given.dtype.kind in "cSU":
        raise TypeError(f"{who} gave {given.dtype} values: it must give real numbers")
    return np.asarray(given, np.float64)


def _rows(answer, ids):
    """ids x dimension in double precision; a row of NaN is one that the model does not know."""
    if answer is None:
        raise TypeError("embed gave None: does it end without return? None may stand for the row of an id")
    if isinstance(answer, dict):
        answer = [answer.get(i) for i in ids]
    if hasattr(answer, "reindex") and hasattr(answer, "index"):
        index = list(answer.index)
        if index and not any(isinstance(i, str) for i in index):
            shown = ", ".join(map(repr, index[:3]))
            raise ValueError(f"embed gave a table whose index is {shown}, ... and holds no id: give it the ids of its "
                             "rows, as in DataFrame(vectors, index=ids)")
        answer = answer.reindex(ids)
    answer = _plain(answer)
    if isinstance(answer, np.ndarray) and answer.dtype != object:
        rows = _doubles(answer, "embed")
    else:
        rows = [None if r is None else _doubles(_plain(r), "embed").ravel() for r in answer]
        widths = {len(r) for r in rows if r is not None}
        if len(widths) > 1:
            raise ValueError(f"embed gave vectors of different lengths: {sorted(widths)[:3]}")
        width = widths.pop() if widths else 1
        rows = np.array([np.full(width, np.nan) if r is None else r for r in rows]).reshape(len(rows), width)
    if rows.ndim != 2 or len(rows) != len(ids):
        shape = " x ".join(map(str, rows.shape))
        raise ValueError(f"embed gave an array of {shape}, asked for are {len(ids)} rows (ids x dimension)")
    return rows


# ---- predictors ----

def predict(host, request, predictions, feasible):
    names = [(h[0], h[5]) for h in (_hyperparameter(k, v) for k, v in _model.about.get("hyperparameters", {}).items())]
    grid = _matrix(request["settings"])
    available = _settings(host)
    asked = _request(request)
    x, query, y = _training(request, asked)
    may = np.frombuffer(feasible, np.uint8)
    for s in range(len(grid)):
        params = {n: int(v) if whole else float(v) for (n, whole), v in zip(names, grid[s])}
        available["request"] = _request(request)
        model = _made(params, available)
        # Lists of blocks are each setting's own; arrays are read-only.
        _call(model.fit, [list(x) if isinstance(x, list) else x, y], available)
        answer = _call(model.predict, [list(query) if isinstance(query, list) else query], available)
        if answer is None:  # cannot be fitted to so few rows
            may[s] = 0
            continue
        _write(_plain(answer), [_matrix(p) for p in predictions[s * asked.n_planes:(s + 1) * asked.n_planes]])


def _made(params, available):
    named = _names(_model.cls)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(_model.cls).parameters.values())
    for name in params:
        if name not in named and not takes_any:
            raise TypeError(f"the hyperparameter {name} is no argument of {_model.cls.__name__}")
    return _model.cls(**params, **{k: v for k, v in available.items() if k in named and k not in params})


def _request(request):
    profiles = request["profiles"]
    return types.SimpleNamespace(
        blocks=[types.SimpleNamespace(name=b["name"], training=_matrix(b["training"]), query=_matrix(b["query"]),
                                      training_present=_mark(b["training_present"]),
                                      query_present=_mark(b["query_present"])) for b in request["blocks"]],
        delta_rows=_matrix(request["delta_rows"]), training_rows=_column(request["training_rows"], np.int32),
        n_planes=request["n_planes"], classes=list(request["classes"]), labelled=_mark(request["training_labelled"]),
        contexts=list(request["contexts"]), control_profiles=None if profiles is None else _matrix(profiles),
        control_profiles_present=_mark(request["profiles_present"]),
        training_contexts=_column(request["training_contexts"], np.int32),
        query_contexts=_column(request["query_contexts"], np.int32),
        training_perturbations=_column(request["training_perturbations"], np.int32),
        query_perturbations=_column(request["query_perturbations"], np.int32))


def _training(request, asked):
    """Features of the training and query rows, as one array or a list of one a block, and the training deltas."""
    rows = asked.training_rows
    if rows is None:
        y = asked.delta_rows
    elif len(rows) and (np.diff(rows) == 1).all():
        y = asked.delta_rows[rows[0]:rows[-1] + 1]  # a view
    else:
        y = _still(asked.delta_rows[rows])
    x = [b.training for b in asked.blocks]
    if asked.classes:
        y = _still(y.astype(np.int8))
        if asked.labelled is not None:  # rows without labels cannot be learned from
            y, x = _still(y[asked.labelled]), [_still(b[asked.labelled]) for b in x]
    query = [b.query for b in asked.blocks]
    least, most = _description("")["blocks"]
    return (x[0], query[0], y) if most == 1 else (x, query, y)


def _write(answer, planes):
    answer = _doubles(answer, "predict")
    wanted = planes[0].shape if len(planes) == 1 else (len(planes), *planes[0].shape)
    if answer.shape != wanted and not (len(planes) == 1 and answer.shape == (1, *wanted)):
        said, asked = (" x ".join(map(str, s)) for s in (answer.shape, wanted))
        what = "query rows x genes" if len(planes) == 1 else "classes x query rows x genes"
        raise ValueError(f"predict gave an array of {said}, asked for is {asked} ({what})")
    for plane, values in zip(planes, answer.reshape(len(planes), *planes[0].shape)):
        plane[:] = values


# ---- errors ----

def explain(error):
    """The reason of a failed row; the whole story goes to the log."""
    traceback.print_exception(error)
    said = "".join(traceback.format_exception_only(error)).strip().split("\n")
    own = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    if isinstance(error, SyntaxError):
        said, place = said[-1], f" ({os.path.basename(error.filename or _model.path)}, line {error.lineno})"
    elif own:
        inside = [f for f in own if os.path.dirname(f.filename) == os.path.dirname(_model.path)] or own
        said, place = said[0], f" ({os.path.basename(inside[-1].filename)}, line {inside[-1].lineno}, in {inside[-1].name})"
    else:
        said, place = said[0], ""
    return (said if len(said) <= 300 else said[:297] + "...") + place + _remedy(error)


def _remedy(error):
    """What an author can do where it is the sandbox that refuses."""
    folder, file = os.path.split(_model.path)
    is_file = os.listdir(folder) == [file]
    if isinstance(error, (FileNotFoundError, ModuleNotFoundError)) and is_file:
        return "; a model given as a file sees nothing beside it: give a folder with the model and its files"
    if isinstance(error, ModuleNotFoundError):
        return "; Debian's packages are there, those of an environment with --python-path, and the model's own files"
    if isinstance(error, OSError) and ("temporary directory" in str(error) or error.errno == errno.EROFS):
        return "; nothing can be written here"
    if isinstance(error, FileNotFoundError):
        return "; only the model's own files are here: name them with the argument folder of embed or __init__"
    if isinstance(error, PermissionError):
        return "; there is no network, no other process and no other file here: load from the argument folder, with " \
               "num_workers=0 and n_jobs=1"
    return ""
