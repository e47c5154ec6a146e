"""What the committed artifacts answer, and how good the answers are: the numbers that other code is tested against."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from sklearn import metrics

from dataset import Dataset


@dataclass(frozen=True)
class Answers:
    label: np.ndarray  # int64 [rows]
    purchase: np.ndarray  # float32 [rows], probability of class 1


def run_artifact(artifact: bytes, rows: pd.DataFrame) -> Answers:
    """Runs an ONNX file over all rows at once, one tensor per column, whichever of the two output forms it has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(artifact, options, providers=["CPUExecutionProvider"])
    inputs = {one.name: rows[[one.name]].to_numpy() for one in session.get_inputs()}
    label, probabilities = session.run(None, inputs)
    if isinstance(probabilities, list):
        purchase = np.array([one[1] for one in probabilities], dtype=np.float32)
    else:
        purchase = probabilities[:, 1]
    return Answers(label=label.reshape(-1), purchase=purchase)


def average(answers: dict[str, Answers], weights: dict[str, float]) -> Answers:
    """The weighted average of the members' probabilities; the label is the likelier class, "no purchase" in a tie."""
    total = sum(weights.values())
    purchase = sum(weight * answers[name].purchase.astype(np.float64) for name, weight in weights.items()) / total
    return Answers(label=(purchase > 0.5).astype(np.int64), purchase=purchase)


def measure(target: np.ndarray, answers: Answers, rows: np.ndarray) -> dict:
    """Scores over the rows of a mask. Precision without a single predicted purchase is null, never 0."""
    truth, label = target[rows], answers.label[rows]
    purchase = answers.purchase[rows].astype(np.float64)
    precision = metrics.precision_score(truth, label, zero_division=np.nan)
    return {
        "accuracy": float(metrics.accuracy_score(truth, label)),
        "precision": None if np.isnan(precision) else float(precision),
        "recall": float(metrics.recall_score(truth, label)),
        "rocAuc": float(metrics.roc_auc_score(truth, purchase)),
        "prAuc": float(metrics.average_precision_score(truth, purchase)),
        "logLoss": float(metrics.log_loss(truth, purchase)),
        "n": len(truth),
        "positives": int(truth.sum()),
        "predictedPositives": int(label.sum()),
        "truePositives": int((label & truth).sum()),
    }


def expected_answers(data: Dataset, answers: dict[str, Answers]) -> dict:
    return {
        "runtime": f"onnxruntime {onnxruntime.__version__}",
        "rows": len(data.target),
        "encoding": {
            "labels": "base64 of one byte per row, in the order of data/sessions.csv",
            "probabilities": "base64 of one little-endian float32 per row: the probability of class 1",
        },
        "models": {
            name: {
                "labels": base64.b64encode(one.label.astype(np.uint8).tobytes()).decode(),
                "probabilities": base64.b64encode(one.purchase.astype("<f4").tobytes()).decode(),
            }
            for name, one in answers.items()
        },
    }


def write_json(file: Path, value: dict) -> None:
    file.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
