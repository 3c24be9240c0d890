"""Splits beyond one context, and what their nulls score, by NumPy alone (protocol section 10).

Writes splits.json beside itself: a task of three contexts that measure different perturbations, combinations among
them, and for every family the rows that each split trains on and tests with the L2 of every null. Run it with
python3 and numpy; nothing of Headroom is used.
"""

import json
import pathlib

import numpy as np

SEED, FOLDS, FEW_PERCENT, TEST_DOUBLES = 42, 3, 20, 40
GENES = 9

SINGLES = ["AHR", "BAK1", "CBL", "DUSP9", "ETS2", "FOS"]
DOUBLES = ["AHR+BAK1", "AHR+CBL", "BAK1+CBL", "CBL+DUSP9", "DUSP9+ETS2", "ETS2+FOS", "FOS+AHR", "BAK1+FOS"]


def kfold(n, k, seed):
    """Rows of each fold: scikit-learn's KFold(k, shuffle=True, random_state=seed)."""
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    sizes = [n // k + (f < n % k) for f in range(k)]
    starts = np.cumsum([0] + sizes)
    return [set(order[starts[f]:starts[f + 1]].tolist()) for f in range(k)]


def draw(n, count, seed):
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    return set(order[:count].tolist())


def share(n, percent):
    return int(np.floor(n * percent / 100 + 0.5))


def make_contexts():
    random = np.random.RandomState(7)
    everything = sorted(SINGLES + DOUBLES)
    left_out = {"K-562": {"FOS"}, "RPE1": {"AHR", "CBL+DUSP9"}, "Jurkat": {"ETS2+FOS"}}
    contexts = []
    for name in sorted(left_out):
        ids = [i for i in everything if i not in left_out[name]]
        contexts.append({"name": name, "ids": ids, "deltas": random.normal(size=(len(ids), GENES)).round(6)})
    return contexts


def l2(prediction, truth):
    return float(np.sqrt(((prediction - truth) ** 2).sum()))


def describe(contexts, context, name, training, test, nulls):
    """training, test: (context, row) pairs; nulls: name -> function of (context, row)."""
    training, test = sorted(training), sorted(test)
    return {
        "context": contexts[context]["name"],
        "name": name,
        "training": [[contexts[c]["name"], contexts[c]["ids"][r]] for c, r in training],
        "test": [contexts[c]["ids"][r] for c, r in test],
        "L2": {null: [l2(tell(c, r), contexts[c]["deltas"][r]) for c, r in test] for null, tell in nulls.items()},
    }


def nulls_of(contexts, context, training):
    deltas = {(c, r): contexts[c]["deltas"][r] for c, r in training}
    mean = np.mean([deltas[at] for at in sorted(deltas)], axis=0)
    own = [deltas[at] for at in sorted(deltas) if at[0] == context]

    def elsewhere(c, r):
        name = contexts[c]["ids"][r]
        there = [d for (o, q), d in sorted(deltas.items()) if o != c and contexts[o]["ids"][q] == name]
        return np.mean(there, axis=0) if there else mean

    return {
        "train_mean": lambda c, r: mean,
        "mean_elsewhere": elsewhere,
        "target_mean": lambda c, r: np.mean(own, axis=0) if own else mean,
    }


def transfer(contexts, few):
    splits = []
    for c, context in enumerate(contexts):
        others = [i for o, other in enumerate(contexts) if o != c for i in other["ids"]]
        n = len(context["ids"])
        own = draw(n, max(1, share(n, FEW_PERCENT)), SEED) if few else set()
        test = [(c, r) for r in range(n) if r not in own and context["ids"][r] in others]
        training = [(o, r) for o, other in enumerate(contexts) if o != c for r in range(len(other["ids"]))]
        training += [(c, r) for r in own]
        nulls = nulls_of(contexts, c, training)
        if not few:
            del nulls["target_mean"]
        splits.append(describe(contexts, c, "transfer-few" if few else "transfer", training, test, nulls))
    return splits


def both(contexts):
    union = sorted({i for context in contexts for i in context["ids"]})
    splits = []
    for c, context in enumerate(contexts):
        for f, rows in enumerate(kfold(len(union), FOLDS, SEED)):
            held_out = {union[r] for r in rows}
            test = [(c, r) for r, i in enumerate(context["ids"]) if i in held_out]
            training = [(o, r) for o, other in enumerate(contexts) if o != c
                        for r, i in enumerate(other["ids"]) if i not in held_out]
            nulls = {"train_mean": nulls_of(contexts, c, training)["train_mean"]}
            splits.append(describe(contexts, c, f"both-{f}", training, test, nulls))
    return splits


def combination(contexts):
    splits = []
    for c, context in enumerate(contexts):
        parts = [sorted(i.split("+")) for i in context["ids"]]
        all_parts = sorted({p for of_id in parts for p in of_id})
        for f, rows in enumerate(kfold(len(all_parts), FOLDS, SEED)):
            held_out = {all_parts[r] for r in rows}
            unseen = [len(held_out.intersection(p)) for p in parts]
            untouched = [r for r, p in enumerate(parts) if len(p) > 1 and unseen[r] == 0]
            drawn = draw(len(untouched), share(len(untouched), TEST_DOUBLES), SEED + f)
            tested = {r for r, p in enumerate(parts) if len(p) > 1 and unseen[r] > 0}
            tested |= {untouched[i] for i in drawn}
            training = [(c, r) for r in range(len(parts)) if r not in tested and unseen[r] == 0]
            deltas = context["deltas"]
            singles = {parts[r][0]: deltas[r] for _, r in training if len(parts[r]) == 1}
            unseen_part = np.mean(list(singles.values()), axis=0)

            def sum_of_parts(_, r):
                return sum(singles.get(p, unseen_part) for p in parts[r])

            def larger_part(_, r):
                seen = [singles[p] for p in parts[r] if p in singles]
                return max(seen, key=lambda d: np.sqrt((d ** 2).sum())) if seen else unseen_part

            nulls = {"train_mean": nulls_of(contexts, c, training)["train_mean"], "sum_of_parts": sum_of_parts,
                     "larger_part": larger_part}
            for n in sorted({unseen[r] for r in tested}):
                test = [(c, r) for r in tested if unseen[r] == n]
                splits.append({**describe(contexts, c, f"combination-{f}", training, test, nulls), "unseen_parts": n})
    return splits


def main():
    contexts = make_contexts()
    families = {"transfer": transfer(contexts, False), "transfer-few": transfer(contexts, True), "both": both(contexts),
                "combination": combination(contexts)}
    settings = {"seed": SEED, "folds": FOLDS, "few_percent": FEW_PERCENT, "test_doubles": TEST_DOUBLES}
    written = {"settings": settings, "contexts": [{**c, "deltas": c["deltas"].tolist()} for c in contexts],
               "families": families}
    path = pathlib.Path(__file__).with_name("splits.json")
    path.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
