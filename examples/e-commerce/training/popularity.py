"""The popularity baseline: how often sessions like this one bought before, as a look-up table in an ONNX graph.

"Like this one" is the same kind of visitor from the same source of traffic. The rate of each group is drawn towards the
rate of all sessions, as if every group had had `PRIOR_SESSIONS` more sessions that bought like all others: a group of
three sessions with one purchase is not one where a third buys.
"""

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

POPULARITY_FEATURES = ["VisitorType", "TrafficType"]
PRIOR_SESSIONS = 20


def count_popularity(rows: pd.DataFrame, target: np.ndarray) -> tuple[list[str], list[int], np.ndarray]:
    """Known visitor types, known traffic types, and float32 [visitors + 1, traffic + 1] rates; the last of each: unknown."""
    visitors = sorted(rows["VisitorType"].unique())
    traffic = sorted(int(code) for code in rows["TrafficType"].unique())
    overall = target.mean()
    rates = np.full((len(visitors) + 1, len(traffic) + 1), overall)
    for v, visitor in enumerate(visitors):
        for t, code in enumerate(traffic):
            group = target[((rows["VisitorType"] == visitor) & (rows["TrafficType"] == code)).to_numpy()]
            rates[v, t] = (group.sum() + PRIOR_SESSIONS * overall) / (len(group) + PRIOR_SESSIONS)
    return visitors, traffic, rates.astype(np.float32)


def predict_popularity(table: tuple[list[str], list[int], np.ndarray], rows: pd.DataFrame) -> np.ndarray:
    """The same look-up in Python, to check the graph against."""
    visitors, traffic, rates = table
    row = [visitors.index(one) if one in visitors else len(visitors) for one in rows["VisitorType"]]
    column = [traffic.index(one) if one in traffic else len(traffic) for one in rows["TrafficType"]]
    return rates[row, column].astype(np.float64)


def build_popularity_model(table: tuple[list[str], list[int], np.ndarray]) -> onnx.ModelProto:
    """`VisitorType` string [N, 1], `TrafficType` int64 [N, 1] → `label` int64 [N], `probabilities` float32 [N, 2]."""
    visitors, traffic, rates = table
    constants = [
        numpy_helper.from_array(rates.reshape(-1), "rates"),
        numpy_helper.from_array(np.array([rates.shape[1]], dtype=np.int64), "columns"),
        numpy_helper.from_array(np.array([1.0], dtype=np.float32), "one"),
        numpy_helper.from_array(np.array([0.5], dtype=np.float32), "half"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "last_axis"),
    ]

    def look_up(source: str, target: str, keys: dict, default: int) -> onnx.NodeProto:
        return helper.make_node(
            "LabelEncoder",
            [source],
            [target],
            domain="ai.onnx.ml",
            **keys,
            default_int64=default,
        )

    # LabelEncoder turns texts to whole numbers and back, but whole numbers only to texts or floats: hence the cast.
    nodes = [
        look_up(
            "VisitorType",
            "visitor",
            {"keys_strings": visitors, "values_int64s": list(range(len(visitors)))},
            len(visitors),
        ),
        helper.make_node(
            "LabelEncoder",
            ["TrafficType"],
            ["traffic_float"],
            domain="ai.onnx.ml",
            keys_int64s=traffic,
            values_floats=[float(position) for position in range(len(traffic))],
            default_float=float(len(traffic)),
        ),
        helper.make_node("Cast", ["traffic_float"], ["traffic"], to=TensorProto.INT64),
        helper.make_node("Mul", ["visitor", "columns"], ["first"]),
        helper.make_node("Add", ["first", "traffic"], ["position"]),
        helper.make_node("Gather", ["rates", "position"], ["purchase"], axis=0),
        helper.make_node("Sub", ["one", "purchase"], ["other"]),
        helper.make_node("Concat", ["other", "purchase"], ["probabilities"], axis=1),
        helper.make_node("Greater", ["purchase", "half"], ["is_purchase"]),
        helper.make_node("Cast", ["is_purchase"], ["is_purchase_int"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["is_purchase_int", "last_axis"], ["label"]),
    ]
    graph = helper.make_graph(
        nodes,
        "popularity",
        [
            helper.make_tensor_value_info("VisitorType", TensorProto.STRING, ["N", 1]),
            helper.make_tensor_value_info("TrafficType", TensorProto.INT64, ["N", 1]),
        ],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2]),
        ],
        initializer=constants,
    )
    model = helper.make_model(
        graph,
        producer_name="e-commerce-example",
        opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model
