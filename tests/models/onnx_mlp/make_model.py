"""Makes model.onnx, vocabulary.csv and expected.csv of this folder: a perceptron with one hidden layer,
tanh(x W1 + b1) W2 + b2, its weights from a fixed sequence. expected.csv is the same in double precision.

    python3 make_model.py FOLDER
"""
import math
import os
import sys

from onnx_file import FLOAT, model, node, port, tensor

GENES = ("TP53 MYC EGFR KRAS BRCA1 BRCA2 PTEN RB1 CDKN2A GATA1 GATA2 SPI1 CEBPA RUNX1 KLF1 BCL11A STAT1 STAT3 JAK2 "
         "FLT3").split()
N_FEATURES, N_HIDDEN, N_VECTOR = 6, 8, 5


def sequence(seed):
    """Numbers from -1 to 1 (a linear congruential generator), exact in single precision."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 48) / 2**15 - 1


def rows(source, n_rows, n_columns):
    return [[next(source) for _ in range(n_columns)] for _ in range(n_rows)]


def product(x, weights, bias):
    return [sum(a * w for a, w in zip(x, column)) + b for column, b in zip(zip(*weights), bias)]


def flat(matrix):
    return [value for row in matrix for value in row]


def write_table(path, first, names, table):
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join([first] + names) + "\n")
        for gene, row in table:
            file.write(",".join([gene] + [repr(value) for value in row]) + "\n")


def main(folder):
    source = sequence(17)
    w1, (b1,) = rows(source, N_FEATURES, N_HIDDEN), rows(source, 1, N_HIDDEN)
    w2, (b2,) = rows(source, N_HIDDEN, N_VECTOR), rows(source, 1, N_VECTOR)
    features = list(zip(GENES, rows(source, len(GENES), N_FEATURES)))
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(model(
            [node("MatMul", ["x", "w1"], ["xw"]), node("Add", ["xw", "b1"], ["sum"]), node("Tanh", ["sum"], ["hidden"]),
             node("MatMul", ["hidden", "w2"], ["hw"]), node("Add", ["hw", "b2"], ["vector"])],
            [tensor("w1", FLOAT, [N_FEATURES, N_HIDDEN], flat(w1)), tensor("b1", FLOAT, [N_HIDDEN], b1),
             tensor("w2", FLOAT, [N_HIDDEN, N_VECTOR], flat(w2)), tensor("b2", FLOAT, [N_VECTOR], b2)],
            [port("x", FLOAT, ["n", N_FEATURES])], [port("vector", FLOAT, ["n", N_VECTOR])]))
    write_table(os.path.join(folder, "vocabulary.csv"), "id", ["x%d" % i for i in range(N_FEATURES)], features)
    vectors = [(gene, product([math.tanh(h) for h in product(x, w1, b1)], w2, b2)) for gene, x in features]
    write_table(os.path.join(folder, "expected.csv"), "id", ["v%d" % i for i in range(N_VECTOR)], vectors)


if __name__ == "__main__":
    main(sys.argv[1])
