"""Writes a model in ONNX without the onnx package: its protobuf messages by their field numbers (onnx.proto3)."""
import struct

FLOAT, INT64, STRING, DOUBLE = 1, 7, 8, 11


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(name, element_type, dims, values=(), external=None):
    """TensorProto. `external`: (location, offset, length) of a file that holds the numbers instead."""
    out = b"".join(number(1, n) for n in dims) + number(2, element_type) + data(8, name)
    if external is None:
        code = {FLOAT: "f", INT64: "q", DOUBLE: "d"}[element_type]
        return out + data(9, struct.pack("<%d%s" % (len(values), code), *values))
    for key, value in zip(("location", "offset", "length"), external):
        out += data(13, data(1, key) + data(2, str(value)))
    return out + number(14, 1)


def port(name, element_type, dims):
    """ValueInfoProto of an input or output; a dimension that is text may have any size."""
    shape = b"".join(data(1, data(2, n) if isinstance(n, str) else number(1, n)) for n in dims)
    return data(1, name) + data(2, data(1, number(1, element_type) + data(2, shape)))


def node(operator, inputs, outputs, **integers):
    """NodeProto; attributes are whole numbers."""
    out = b"".join(data(1, name) for name in inputs) + b"".join(data(2, name) for name in outputs) + data(4, operator)
    for name, value in integers.items():
        out += data(5, data(1, name) + number(3, value) + number(20, 2))
    return out


def model(nodes, initializers, inputs, outputs):
    """ModelProto, of the operators of opset 13."""
    graph = b"".join(data(1, n) for n in nodes) + data(2, "graph") + b"".join(data(5, t) for t in initializers)
    graph += b"".join(data(11, p) for p in inputs) + b"".join(data(12, p) for p in outputs)
    return number(1, 8) + data(2, "headroom") + data(7, graph) + data(8, number(2, 13))
