"""The rule-based model: risk points, as an analyst would write them down, turned into an ONNX graph.

Each rule that holds adds its points; three points of nine or more are called fraud. The limits were read off the
training rows (rounded quantiles of fraud and of other transactions) and were not fitted. V1 to V28 are principal
components, so a rule on them has no everyday wording; the one on the amount has: thieves test a stolen card with a
very small payment.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dataset import FEATURES

# (column, comparison, limit, points)
RULES = [
    ("V14", "below", -4.0, 3),
    ("V12", "below", -4.0, 2),
    ("V10", "below", -3.0, 1),
    ("V17", "below", -3.0, 1),
    ("V4", "above", 4.0, 1),
    ("Amount", "below", 1.005, 1),
]
FRAUD_FROM_POINTS = 3
# The probability is a logistic curve over the points that crosses 0.5 half a point below the limit, so no answer is
# ever a tie and the label is always the likelier class.
EVEN_ODDS_POINTS = FRAUD_FROM_POINTS - 0.5


def predict_rule_based(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same rules in NumPy, to check the graph against: (labels, probability of fraud)."""
    points = np.zeros(len(features), dtype=np.int64)
    for column, comparison, limit, value in RULES:
        values = features[:, FEATURES.index(column)]
        limit32 = np.float32(limit)
        points += value * (values < limit32 if comparison == "below" else values > limit32)
    return (points >= FRAUD_FROM_POINTS).astype(np.int64), 1 / (1 + np.exp(EVEN_ODDS_POINTS - points))


def build_rule_based_model() -> onnx.ModelProto:
    """`features` float32 [N, 29] → `label` int64 [N], `probabilities` float32 [N, 2]."""

    def constant(name: str, values: list, dtype: type) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, dtype=dtype), name)

    # "below" is "above" with both sides negated, so one comparison serves every rule.
    sign = [1.0 if comparison == "above" else -1.0 for _, comparison, _, _ in RULES]
    constants = [
        constant("columns", [FEATURES.index(column) for column, *_ in RULES], np.int64),
        constant("sign", sign, np.float32),
        constant("limits", [s * limit for s, (_, _, limit, _) in zip(sign, RULES, strict=True)], np.float32),
        constant("points_of_rules", [[points] for *_, points in RULES], np.float32),
        constant("even_odds", [EVEN_ODDS_POINTS], np.float32),
        constant("one", [1.0], np.float32),
        constant("fraud_from", [FRAUD_FROM_POINTS], np.float32),
        constant("last_axis", [1], np.int64),
    ]
    nodes = [
        helper.make_node("Gather", ["features", "columns"], ["used"], axis=1),
        helper.make_node("Mul", ["used", "sign"], ["signed"]),
        helper.make_node("Greater", ["signed", "limits"], ["holds"]),
        helper.make_node("Cast", ["holds"], ["holds_float"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["holds_float", "points_of_rules"], ["points"]),
        helper.make_node("Sub", ["points", "even_odds"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["fraud"]),
        helper.make_node("Sub", ["one", "fraud"], ["other"]),
        helper.make_node("Concat", ["other", "fraud"], ["probabilities"], axis=1),
        helper.make_node("GreaterOrEqual", ["points", "fraud_from"], ["is_fraud"]),
        helper.make_node("Cast", ["is_fraud"], ["is_fraud_int"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["is_fraud_int", "last_axis"], ["label"]),
    ]
    graph = helper.make_graph(
        nodes,
        "fraud_rules",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", len(FEATURES)])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2]),
        ],
        initializer=constants,
    )
    model = helper.make_model(
        graph,
        producer_name="fraud-example",
        opset_imports=[helper.make_opsetid("", 15)],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model
