# SPDX-License-Identifier: Apache-2.0
"""Writes the samples of this folder: HDF5, ONNX and TensorFlow files, benign and with inert attacks.

    pip install h5py onnx numpy
    python generate.py

Nothing here runs a payload: attacks only have the form of one. TensorFlow messages are written by hand, field by field.
The names begin with the verdict that the checks must give.
"""
import json
import os
import sys

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


# --- HDF5 ---------------------------------------------------------------------------------------------------------------

DENSE = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential",
        "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "dtype": "float32", "name": "input_1"}},
            {
                "module": "keras.layers",
                "class_name": "Dense",
                "config": {
                    "name": "dense",
                    "units": 2,
                    "activation": "relu",
                    "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None},
                                           "registered_name": None},
                },
                "registered_name": None,
            },
        ],
    },
}
LAMBDA = {
    "class_name": "Sequential",
    "config": {"layers": [{"class_name": "Lambda", "config": {"name": "l", "function": ["4wAAAA==", None, None], "function_type": "lambda"}}]},
}
TRAINING = {"loss": "mse", "metrics": ["accuracy"], "optimizer_config": {"class_name": "Adam", "config": {"learning_rate": 0.001}}}


def weights(f, groups=3):
    for i in range(groups):
        g = f.create_group(f"model_weights/dense_{i}/dense_{i}")
        g.create_dataset("kernel:0", data=np.arange(8, dtype="<f4").reshape(4, 2))
        g.create_dataset("bias:0", data=np.zeros(2, "<f4"))
        f[f"model_weights/dense_{i}"].attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
    f["model_weights"].attrs["layer_names"] = [f"dense_{i}".encode() for i in range(groups)]
    f["model_weights"].attrs["backend"] = "tensorflow"


for label, libver in [("earliest", "earliest"), ("v108", ("v108", "v108")), ("v110", ("v110", "v110")), ("latest", "latest")]:
    with h5py.File(path(f"clean-keras-{label}.h5"), "w", libver=libver) as f:
        f.attrs["model_config"] = json.dumps(DENSE)
        f.attrs["training_config"] = json.dumps(TRAINING)
        f.attrs["keras_version"] = "2.15.0"
        weights(f)
    with h5py.File(path(f"malicious-lambda-{label}.h5"), "w", libver=libver) as f:
        f.attrs["model_config"] = json.dumps(LAMBDA)
        weights(f, 1)
    with h5py.File(path(f"clean-weights-{label}.h5"), "w", libver=libver) as f:
        # Enough groups and attributes for every kind of index.
        for i in range(60):
            f.create_dataset(f"g{i % 20}/layer_{i}", data=np.arange(4, dtype="<f4"), **({"compression": "gzip", "chunks": (2,)} if i % 7 == 0 else {}))
        for i in range(40):
            f["g0"].attrs[f"attribute_{i}"] = i
        f["soft"] = h5py.SoftLink("/g0")

with h5py.File(path("clean-fixed-text.h5"), "w") as f:
    f.attrs["model_config"] = np.bytes_(json.dumps(DENSE).encode())
    weights(f)
with h5py.File(path("malicious-fixed-text.h5"), "w") as f:
    f.attrs["model_config"] = np.bytes_(json.dumps(LAMBDA).encode())
with h5py.File(path("malicious-dense-attributes.h5"), "w", libver="latest") as f:
    for i in range(30):
        f.attrs[f"a{i}"] = "x" * 50
    f.attrs["model_config"] = json.dumps(LAMBDA)
with h5py.File(path("malicious-nested-group.h5"), "w", libver="latest") as f:
    g = f.create_group("a/b/c")
    g.attrs["model_config"] = json.dumps(LAMBDA)
with h5py.File(path("malicious-user-block.h5"), "w", userblock_size=512) as f:
    f.attrs["model_config"] = json.dumps(LAMBDA)
with h5py.File(path("malicious-external-link.h5"), "w") as f:
    f["weights"] = h5py.ExternalLink("/etc/hostname", "/x")
with h5py.File(path("malicious-external-link-dense.h5"), "w", libver="latest") as f:
    for i in range(40):
        f.create_group(f"g{i}")
    f["weights"] = h5py.ExternalLink("other.h5", "/x")
with h5py.File(path("malicious-external-storage.h5"), "w") as f:
    f.create_dataset("d", shape=(4,), dtype="u1", external=[("/etc/hostname", 0, 4)])
with h5py.File(path("malicious-virtual.h5"), "w", libver="latest") as f:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", shape=(4,))
    f.create_virtual_dataset("v", layout)
with h5py.File(path("clean-many-links.h5"), "w", libver="latest") as f:
    for i in range(600):
        f.create_group(f"group_with_a_long_name_{i:05d}")

# --- ONNX ---------------------------------------------------------------------------------------------------------------


def model(nodes=None, initializers=None, opsets=None, functions=None, **more):
    nodes = nodes or [helper.make_node("Relu", ["x"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])], initializer=initializers or [])
    return helper.make_model(graph, opset_imports=opsets or [helper.make_opsetid("", 17)], functions=functions or [], **more)


def external(location, offset=None, length=None):
    t = TensorProto()
    t.name, t.data_type = "w", TensorProto.FLOAT
    t.dims.append(4)
    t.data_location = TensorProto.EXTERNAL
    for k, v in [("location", location), ("offset", offset), ("length", length)]:
        if v is not None:
            e = t.external_data.add()
            e.key, e.value = k, str(v)
    return t


def save(name, m):
    with open(path(name), "wb") as f:
        f.write(m.SerializeToString())


save("clean-plain.onnx", model(initializers=[helper.make_tensor("w", TensorProto.FLOAT, [4], [1, 2, 3, 4])]))
save("clean-external.onnx", model(initializers=[external("model.onnx_data", 0, 16)]))
save("clean-external-below.onnx", model(initializers=[external("data/w.bin", 4096, 16)]))
save("clean-function.onnx", model(
    nodes=[helper.make_node("Twice", ["x"], ["y"], domain="pkg.local")],
    opsets=[helper.make_opsetid("", 17), helper.make_opsetid("pkg.local", 1)],
    functions=[helper.make_function("pkg.local", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])],
                                    [helper.make_opsetid("", 17)])]))
for i, bad in enumerate(["../secret", "a/../../secret", "/etc/passwd", "..\\secret", "C:\\x", "https://host.invalid/w", "a\\b"]):
    save(f"malicious-external-{i}.onnx", model(initializers=[external(bad, 0, 16)]))
save("unscannable-external-range.onnx", model(initializers=[external("w.bin", -1, 16)]))
save("review-domain.onnx", model(
    nodes=[helper.make_node("Foo", ["x"], ["y"], domain="com.example")],
    opsets=[helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]))
save("malicious-pyop.onnx", model(
    nodes=[helper.make_node("PyOp", ["x"], ["y"], domain="pyopadd", module="m", class_name="c")],
    opsets=[helper.make_opsetid("", 17), helper.make_opsetid("pyopadd", 1)]))
inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=external("../../x"))], "inner", [],
                          [helper.make_tensor_value_info("c", TensorProto.FLOAT, [4])])
save("malicious-subgraph.onnx", model(
    nodes=[helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)]))

# --- TensorFlow ---------------------------------------------------------------------------------------------------------


def varint(n):
    out = b""
    while True:
        out += bytes([n & 0x7F | (0x80 if n > 0x7F else 0)])
        n >>= 7
        if not n:
            return out


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(name, op, *inputs):
    return field(1, name) + field(2, op) + b"".join(field(3, i) for i in inputs)


def graph(ops, library=()):
    out = b"".join(field(1, node(f"n{i}", op)) for i, op in enumerate(ops))
    functions = b"".join(
        field(1, field(1, field(1, f"f{i}")) + field(3, node("inner", op))) for i, op in enumerate(library))
    return out + field(2, functions) + field(4, field(1, 1987))


def saved(g, assets=()):
    meta = field(1, field(4, "serve") + field(5, "2.15.0"))
    return field(1, 1) + field(2, meta + field(2, g) + b"".join(field(6, field(1, field(1, "t")) + field(2, a)) for a in assets))


def put(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


ordinary = ["Placeholder", "Const", "VarHandleOp", "ReadVariableOp", "MatMul", "BiasAdd", "Relu", "StatefulPartitionedCall", "SaveV2",
            "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "NoOp", "Identity"]
put("clean-saved-model.pb", saved(graph(ordinary, ["MatMul", "Softmax"]), ["vocab.txt"]))
put("clean-frozen.pb", graph(ordinary[:6]))
put("malicious-pyfunc.pb", saved(graph(ordinary + ["PyFunc"])))
put("malicious-eager-in-function.pb", saved(graph(ordinary, ["EagerPyFunc"])))
put("malicious-write.pb", saved(graph(["Const", "WriteFile"])))
put("malicious-read.pb", saved(graph(["Const", "ReadFile"])))
put("malicious-library.pb", saved(graph(["LoadLibrary"])))
put("malicious-frozen-write.pb", graph(["Const", "WriteFile"]))
put("malicious-asset.pb", saved(graph(ordinary), ["../../etc/passwd"]))
put("review-custom-operation.pb", saved(graph(ordinary + ["Addons>Gelu"])))
put("malicious-keras-metadata.pb", field(1, field(2, 1) + field(3, "root.layer") + field(4, "_tf_keras_layer") + field(5, json.dumps(
    {"class_name": "Lambda", "config": {"function": ["4wAAAA==", None, None], "function_type": "lambda"}}))))

sys.stdout.write(f"{len(os.listdir(HERE)) - 1} files\n")
