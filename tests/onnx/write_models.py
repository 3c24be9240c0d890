"""Writes the models in ONNX that the tests of the runner use, each into a folder of its own below FOLDER.

    python3 write_models.py FOLDER SECRET_FILE

SECRET_FILE: a file outside all of them, whose bytes some of the models ask for.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models", "onnx_mlp"))
from onnx_file import DOUBLE, FLOAT, INT64, STRING, model, node, port, tensor  # noqa: E402


def write(folder, name, model_bytes, **tables):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    with open(os.path.join(folder, name, "model.onnx"), "wb") as file:
        file.write(model_bytes)
    for table, text in tables.items():
        with open(os.path.join(folder, name, table.replace("__", ".") + ".csv"), "w", encoding="utf-8") as file:
            file.write(text)


def identity(element_type, dims):
    """The output is the input."""
    return model([node("Identity", ["x"], ["y"])], [], [port("x", element_type, dims)], [port("y", element_type, dims)])


def lookup(external=None):
    """A table of 3 x 2 numbers, of which the input names the row."""
    table = tensor("table", FLOAT, [3, 2], [1, 2, 3, 4, 5, 6], external)
    return model([node("Gather", ["table", "index"], ["vector"], axis=0)], [table], [port("index", INT64, ["n"])],
                 [port("vector", FLOAT, ["n", 2])])


def main(folder, secret):
    index = "id,x0\nA,0\nBB,2\n"
    numbers = "id,x0,x1\nA,1,2\nBB,3,4.5\n"
    write(folder, "lookup", lookup(), vocabulary=index)
    write(folder, "doubles", identity(DOUBLE, ["n", 2]), vocabulary=numbers)
    write(folder, "image", identity(FLOAT, ["n", 2, "m"]), vocabulary="id,a,b,c,d\nA,1,2,3,4\nBB,5,6,7,8\n")
    write(folder, "any_width", identity(FLOAT, ["n", "m"]), vocabulary=numbers)
    write(folder, "by_twos", identity(FLOAT, [2, 2]), vocabulary=numbers + "CCC,5,6\n")
    write(folder, "two_inputs",
          model([node("Gather", ["table", "token"], ["gathered"], axis=0), node("Mul", ["gathered", "mask"], ["vector"])],
                [tensor("table", FLOAT, [3, 2], [1, 2, 3, 4, 5, 6])],
                [port("token", INT64, ["n"]), port("mask", FLOAT, ["n", 2])], [port("vector", FLOAT, ["n", 2])]),
          vocabulary__token=index + "D,1\n", vocabulary__mask="id,m0,m1\nBB,1,0\nA,10,10\n")
    write(folder, "two_outputs",
          model([node("Identity", ["x"], ["first"]), node("Neg", ["x"], ["second"])], [], [port("x", FLOAT, ["n", 2])],
                [port("first", FLOAT, ["n", 2]), port("second", FLOAT, ["n", 2])]), vocabulary=numbers)
    # What does not go together.
    write(folder, "no_vocabulary", lookup())
    write(folder, "fractions", lookup(), vocabulary="id,x0\nA,0.5\n")
    write(folder, "out_of_table", lookup(), vocabulary="id,x0\nA,7\n")
    write(folder, "too_narrow", identity(FLOAT, ["n", 3]), vocabulary=numbers)
    write(folder, "texts", identity(STRING, ["n", 2]), vocabulary=numbers)
    write(folder, "one_row_for_all",
          model([node("ReduceSum", ["x"], ["sum"], keepdims=0)], [], [port("x", FLOAT, ["n", 2])],
                [port("sum", FLOAT, [])]), vocabulary=numbers)
    write(folder, "unknown_operator",
          model([node("OpenFile", ["x"], ["y"])], [], [port("x", FLOAT, ["n", 2])], [port("y", FLOAT, ["n", 2])]),
          vocabulary=numbers)
    # Weights that lie elsewhere: beside the model, and where no model may read.
    write(folder, "beside", lookup(("weights.bin", 0, 24)), vocabulary=index)
    with open(os.path.join(folder, "beside", "weights.bin"), "wb") as file:
        file.write(struct.pack("<6f", 1, 2, 3, 4, 5, 6))
    # A vector that is the secret's first bytes, if the model gets hold of it.
    for name, location in (("absolute", secret),
                           ("relative", os.path.relpath(secret, os.path.join(folder, "relative"))),
                           ("root", "../" * 30 + secret.lstrip("/")),
                           ("link", "weights.bin"),
                           ("process", "/proc/self/environ"),
                           ("device", "/dev/urandom")):
        write(folder, "steals_" + name, lookup((location, 0, 24)), vocabulary=index)
    link = os.path.join(folder, "steals_link", "weights.bin")
    if not os.path.islink(link):
        os.symlink(secret, link)
    # More than there is, at places that no file has.
    for name, place in (("huge", (1 << 62, 24)), ("negative", (-24, 24)), ("short", (8, 24))):
        write(folder, name + "_weights", lookup(("weights.bin",) + place), vocabulary=index)
        with open(os.path.join(folder, name + "_weights", "weights.bin"), "wb") as file:
            file.write(bytes(24))
    write(folder, "huge_tensor",
          model([node("ConstantOfShape", ["size"], ["huge"]), node("Add", ["x", "huge"], ["y"])],
                [tensor("size", INT64, [2], [1 << 20, 1 << 20])], [port("x", FLOAT, ["n", "m"])],
                [port("y", FLOAT, ["n", "m"])]), vocabulary=numbers)
    # A loop that counts to 2^62.
    write(folder, "endless", endless(), vocabulary=numbers)


def endless():
    from onnx_file import data, number
    body = data(1, node("Identity", ["go"], ["go_on"])) + data(1, node("Neg", ["v"], ["w"])) + data(2, "body")
    body += data(11, port("i", INT64, [])) + data(11, port("go", 9, [])) + data(11, port("v", FLOAT, ["n", 2]))
    body += data(12, port("go_on", 9, [])) + data(12, port("w", FLOAT, ["n", 2]))
    loop = data(1, "times") + data(1, "") + data(1, "x") + data(2, "y") + data(4, "Loop")
    loop += data(5, data(1, "body") + data(6, body) + number(20, 5))
    return model([loop], [tensor("times", INT64, [], [1 << 62])], [port("x", FLOAT, ["n", 2])],
                 [port("y", FLOAT, ["n", 2])])


if __name__ == "__main__":
    main(*sys.argv[1:])
