#!/usr/bin/python3
"""Makes cell_pair.json beside it: counts of two small files of cells, real and predicted, and what lies between the
cells of each perturbation: E-distance and squared MMD on the 50 genes that tell the real ones best from those of the
other perturbations (Welch's |t|), values scaled to 10,000 counts, then log1p; and the metrics of classic cell-eval that
are of other profiles than the suite's, with the real control on both sides and with one of the prediction's own. Python
3.11, its standard library alone, by the plain sums of the definitions."""
import json
import math
import os
import random
import statistics

N_GENES, TOP = 60, 50
PERTURBATIONS = ["G00", "G01", "G02", "G03", "G04"]
N_REAL, N_PREDICTED, N_CONTROL = [24, 20, 26, 21, 22], [12, 9, 14, 2, 10], 60


def poisson(rng, mean):
    limit, product, n = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        n += 1
    return n


def cells_of(rng, which, n, strength):
    out = []
    effects = random.Random(100 + which)
    sign = [effects.choice([-1, 0, 0, 1]) if which >= 0 else 0 for _ in range(N_GENES)]
    for _ in range(n):
        depth = rng.uniform(0.6, 1.6)
        means = [depth * (1 + g % 5) * math.exp(strength * sign[g]) for g in range(N_GENES)]
        out.append([poisson(rng, mean) for mean in means])
    return out


def logs(cells):
    return [[math.log1p(x / sum(cell) * 1e4) for x in cell] for cell in cells]


def welch_t(a, b):
    error = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return (statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(error)


def distances_of(x, y):
    between = [math.dist(a, b) for a in x for b in y]
    within = [[math.dist(side[i], side[j]) for i in range(len(side)) for j in range(i)] for side in (x, y)]
    energy = 2 * statistics.fmean(between) - statistics.fmean(within[0]) - statistics.fmean(within[1])
    sigma = statistics.median(between + within[0] + within[1])
    kernel = lambda ds: statistics.fmean(math.exp(-d * d / (2 * sigma * sigma)) for d in ds)
    return energy, kernel(within[0]) + kernel(within[1]) - 2 * kernel(between)


# Classic cell-eval: cells scaled to the median total of their side, its control among them.
def classic_side(groups, control):
    cells = [cell for group in groups.values() for cell in group] + control
    total = statistics.median(sum(cell) for cell in cells if sum(cell) > 0)
    scaled = lambda some: [[math.log1p(x / sum(cell) * total) for x in cell] for cell in some]
    mean = lambda some: [statistics.fmean(cell[g] for cell in some) for g in range(N_GENES)]
    far = lambda a, b: statistics.fmean(math.dist(x, y) for x in a for y in b)
    base = scaled(control)
    side = {"profile": {}, "effect": {}, "energy": {}}
    for p, group in groups.items():
        logged = scaled(group)
        side["profile"][p] = mean(logged)
        side["effect"][p] = [a - b for a, b in zip(side["profile"][p], mean(base))]
        side["energy"][p] = 2 * far(logged, base) - far(logged, logged) - far(base, base)
    return side


def classic(real, predicted):
    def cosine(a, b):
        return 1 - sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)

    def l1(a, b):
        return sum(abs(x - y) for x, y in zip(a, b))

    out = {}
    for name, distance in {"l1": l1, "l2": math.dist, "cosine": cosine}.items():
        values = {}
        for i, p in enumerate(PERTURBATIONS):
            kept = [g for g in range(N_GENES) if g != i]  # the own gene
            mine = [predicted["effect"][p][g] for g in kept]
            far = [distance(mine, [real["effect"][q][g] for g in kept]) for q in PERTURBATIONS]
            order = sorted(range(len(far)), key=lambda q: (far[q], q))
            values[p] = 1 - order.index(i) / len(far)
        out["discrimination_score_" + name] = values
    for name, of, value in [
        ("pearson_delta", "effect", statistics.correlation),
        ("mae", "profile", lambda a, b: l1(a, b) / N_GENES),
        ("mse", "profile", lambda a, b: math.dist(a, b) ** 2 / N_GENES),
        ("mae_delta", "effect", lambda a, b: l1(a, b) / N_GENES),
        ("mse_delta", "effect", lambda a, b: math.dist(a, b) ** 2 / N_GENES),
    ]:
        out[name] = {p: value(real[of][p], predicted[of][p]) for p in PERTURBATIONS}
    energies = [[side["energy"][p] for p in PERTURBATIONS] for side in (real, predicted)]
    out["pearson_edistance"] = dict.fromkeys(PERTURBATIONS, statistics.correlation(*energies))
    return out


def main():
    rng = random.Random(15)
    real = {p: cells_of(rng, i, N_REAL[i], 0.7) for i, p in enumerate(PERTURBATIONS)}
    # The second is predicted as the first.
    predicted = {p: cells_of(rng, 0 if i == 1 else i, N_PREDICTED[i], 0.4) for i, p in enumerate(PERTURBATIONS)}
    control, predicted_control = cells_of(rng, -1, N_CONTROL, 0), cells_of(rng, -1, 15, 0)
    expected = {}
    for p in PERTURBATIONS:
        own = logs(real[p])
        others = [cell for q in PERTURBATIONS if q != p for cell in logs(real[q])]
        t = [abs(welch_t([c[g] for c in own], [c[g] for c in others])) for g in range(N_GENES)]
        genes = sorted(range(N_GENES), key=lambda g: (-t[g], g))[:TOP]
        chosen = lambda cells: [[cell[g] for g in genes] for cell in cells]
        energy, mmd = distances_of(chosen(own), chosen(logs(predicted[p])))
        expected[p] = {"energy_distance_top": energy, "mmd_median_top": mmd}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cell_pair.json"), "w") as file:
        real_side = classic_side(real, control)
        json.dump({"real": real, "control": control, "predicted": predicted, "predicted_control": predicted_control,
                   "expected": expected, "classic": classic(real_side, classic_side(predicted, control)),
                   "classic_own_control": classic(real_side, classic_side(predicted, predicted_control))}, file,
                  separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
