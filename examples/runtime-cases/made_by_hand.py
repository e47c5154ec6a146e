"""Graphs written operator by operator: shapes of model that the usual exporters of tabular models do not produce."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def _model(
    nodes: list, inputs: list, outputs: list, constants: dict | None = None, domains: tuple = ()
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "case",
        inputs,
        outputs,
        initializer=[numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    imports = [helper.make_opsetid("", 15), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, producer_name="runtime-cases", opset_imports=imports, ir_version=8)


def _float(name: str, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def boolean_input() -> onnx.ModelProto:
    """A float column and a boolean column; probability of class 1 from a logistic curve over both."""
    return _model(
        [
            helper.make_node("Cast", ["IsForeign"], ["foreign"], to=TensorProto.FLOAT),
            helper.make_node("Concat", ["Amount", "foreign"], ["row"], axis=1),
            helper.make_node("Gemm", ["row", "weights", "bias"], ["log_odds"]),
            helper.make_node("Sigmoid", ["log_odds"], ["second"]),
            helper.make_node("Sub", ["one", "second"], ["first"]),
            helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
        ],
        [_float("Amount", ["N", 1]), helper.make_tensor_value_info("IsForeign", TensorProto.BOOL, ["N", 1])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]), _float("probabilities", ["N", 2])],
        {
            "weights": np.array([[0.02], [1.5]], np.float32),
            "bias": np.array([-2.0], np.float32),
            "one": np.array([1.0], np.float32),
        },
    )


def sigmoid_output() -> onnx.ModelProto:
    """As neural-network libraries export a binary classifier: one column with the probability of class 1, no label."""
    return _model(
        [
            helper.make_node("Gemm", ["x", "weights", "bias"], ["log_odds"]),
            helper.make_node("Sigmoid", ["log_odds"], ["output"]),
        ],
        [_float("x", ["batch", 3])],
        [_float("output", ["batch", 1])],
        {"weights": np.array([[1.0], [-2.0], [0.5]], np.float32), "bias": np.array([0.1], np.float32)},
    )


def softmax_output() -> onnx.ModelProto:
    """As neural-network libraries export a classifier of three classes: one column per class, no label."""
    return _model(
        [
            helper.make_node("Gemm", ["x", "weights", "bias"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["output"], axis=1),
        ],
        [_float("x", ["batch", 3])],
        [_float("output", ["batch", 3])],
        {
            "weights": np.array([[1.0, 0.0, -1.0], [-0.5, 1.5, 0.0], [0.2, -0.3, 0.8]], np.float32),
            "bias": np.array([0.0, 0.1, -0.1], np.float32),
        },
    )


def image_input() -> onnx.ModelProto:
    """Loads and runs, but has no rows and columns: a batch of pictures in, three averages out."""
    return _model(
        [helper.make_node("GlobalAveragePool", ["image"], ["averages"])],
        [_float("image", ["N", 3, 8, 8])],
        [_float("averages", ["N", 3, 1, 1])],
    )


def custom_operator() -> onnx.ModelProto:
    return _model(
        [helper.make_node("Frobnicate", ["features"], ["value"], domain="com.example.custom")],
        [_float("features", ["N", 3])],
        [_float("value", ["N", 1])],
        domains=("com.example.custom",),
    )


def external_weights() -> onnx.ModelProto:
    """Its weights are said to lie in another file, outside the folder of the model: never to be read."""
    model = _model(
        [helper.make_node("MatMul", ["features", "weights"], ["value"])],
        [_float("features", ["N", 3])],
        [_float("value", ["N", 1])],
    )
    weights = model.graph.initializer.add()
    weights.name = "weights"
    weights.data_type = TensorProto.FLOAT
    weights.dims.extend([3, 1])
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "../../weights.bin"
    return model
