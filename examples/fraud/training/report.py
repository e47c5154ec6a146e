"""What the committed artifacts answer, and how good the answers are: the numbers that other code is tested against."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn import metrics

from dataset import FEATURES, Dataset


@dataclass(frozen=True)
class Answers:
    label: np.ndarray  # int64 [rows]
    fraud: np.ndarray  # float32 [rows], float64 for averages: probability of class 1


def run_artifact(file: Path, features: np.ndarray) -> Answers:
    """Runs an ONNX file over all rows at once, whichever of the two input layouts and two output forms it has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    if len(names) == 1:
        inputs = {names[0]: features}
    else:
        inputs = {name: features[:, [FEATURES.index(name)]] for name in names}
    label, probabilities = session.run(None, inputs)
    if isinstance(probabilities, list):
        fraud = np.array([one[1] for one in probabilities], dtype=np.float32)
    else:
        fraud = probabilities[:, 1]
    return Answers(label=label.reshape(-1), fraud=fraud)


def average(answers: dict[str, Answers], weights: dict[str, float]) -> Answers:
    """The weighted average of the members' probabilities; the label is the likelier class, "not fraud" in a tie."""
    total = sum(weights.values())
    fraud = sum(weight * answers[name].fraud.astype(np.float64) for name, weight in weights.items()) / total
    return Answers(label=(fraud > 0.5).astype(np.int64), fraud=fraud)


def measure_labels(target: np.ndarray, label: np.ndarray) -> dict:
    """NaN (no prediction or no case of class 1) becomes null, never 0."""
    precision, recall, f1 = (
        score(target, label, zero_division=np.nan)
        for score in (metrics.precision_score, metrics.recall_score, metrics.f1_score)
    )
    scores = {
        "accuracy": metrics.accuracy_score(target, label) if len(target) else np.nan,
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }
    return {
        **{name: None if np.isnan(value) else float(value) for name, value in scores.items()},
        "n": len(target),
        "positives": int(target.sum()),
        "predictedPositives": int(label.sum()),
        "truePositives": int((label & target).sum()),
    }


def measure(target: np.ndarray, label: np.ndarray, fraud: np.ndarray) -> dict:
    probability = fraud.astype(np.float64)
    return {
        **measure_labels(target, label),
        "rocAuc": float(metrics.roc_auc_score(target, probability)),
        "prAuc": float(metrics.average_precision_score(target, probability)),
        "logLoss": float(metrics.log_loss(target, probability)),
    }


def expected_answers(data: Dataset, answers: dict[str, Answers], ensemble: Answers) -> dict:
    """Every model's answer for every row, and the measures of routing by amount over the replayed rows."""
    return {
        "runtime": f"onnxruntime {onnxruntime.__version__}",
        "rows": len(data.target),
        "replayed": {"from": data.split, "to": len(data.target)},
        "encoding": {
            "labels": "base64 of one byte per row, in the order of data/transactions.csv",
            "probabilities": "base64 of one little-endian float32 per row: the probability of class 1",
        },
        "models": {
            name: {
                "labels": base64.b64encode(one.label.astype(np.uint8).tobytes()).decode(),
                "probabilities": base64.b64encode(one.fraud.astype("<f4").tobytes()).decode(),
            }
            for name, one in answers.items()
        },
        "routing": measure_routing(data, {**answers, "ensemble": ensemble}),
    }


def measure_routing(data: Dataset, answers: dict[str, Answers]) -> dict:
    replayed = np.arange(len(data.target)) >= data.split
    bands = {
        "small": (data.amount < 100, "Amount < 100", ["rule-based"]),
        "middle": (
            (data.amount >= 100) & (data.amount <= 1000),
            "100 <= Amount <= 1000",
            ["random-forest", "neural-network"],
        ),
        "large": (data.amount > 1000, "Amount > 1000", ["ensemble"]),
    }

    def measure_rows(rows: np.ndarray, label: np.ndarray) -> dict:
        return measure_labels(data.target[rows], label[rows])

    variants = {}
    for middle in bands["middle"][2]:
        label = np.select(
            [bands["small"][0], bands["middle"][0], bands["large"][0]],
            [answers["rule-based"].label, answers[middle].label, answers["ensemble"].label],
        )
        variants[f"middle band all {middle}"] = measure_rows(replayed, label)
    return {
        "note": "by scikit-learn on the replayed rows; who answers which row of the middle band is known only at replay",
        "bands": {
            band: {
                "condition": condition,
                "answeredBy": answered_by,
                "models": {name: measure_rows(rows & replayed, one.label) for name, one in answers.items()},
            }
            for band, (rows, condition, answered_by) in bands.items()
        },
        "overall": variants,
    }


def write_json(file: Path, value: dict) -> None:
    file.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
