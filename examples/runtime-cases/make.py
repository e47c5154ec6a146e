"""Writes artifacts/: small ONNX files of every kind that the ONNX runtime layer must take or refuse, and what Python's
onnxruntime answers for those that it must take. Needs the packages of ../fraud/training/requirements.txt.

    python make.py
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd

import exported
import made_by_hand
from exported import Exported

ARTIFACTS = Path(__file__).resolve().parent / "artifacts"
LARGEST_FILE_BYTES = 50_000
NUMPY_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": bool,
}
DATATYPES = {
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(int64)": "INT64",
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
}

rows_of_three = pd.DataFrame(
    np.random.default_rng(5).normal(size=(exported.ROWS_TO_ANSWER, 3)).round(4), columns=["x1", "x2", "x3"]
)
rows_with_boolean = pd.DataFrame(
    {"Amount": [0.5, 12.0, 49.99, 50.01, 100.0, 250.0], "IsForeign": [True, False, True, False, False, True]}
)
BY_HAND = f"onnx.helper {onnx.__version__}"

# name, task, what it is, model
ACCEPTED = [
    (
        "one-tensor-classifier",
        "binary",
        "one input tensor; label and probabilities as tensors",
        exported.one_tensor_classifier(),
    ),
    (
        "mixed-columns-classifier",
        "binary",
        "an input per column of float, int64 and string; sequence of maps with int64 keys",
        exported.mixed_columns_classifier(),
    ),
    (
        "string-labels",
        "multiclass",
        "an input per column; three string labels; sequence of maps with string keys",
        exported.string_labels(),
    ),
    ("one-tensor-regression", "regression", "one input tensor; one output [N, 1]", exported.one_tensor_regression()),
    (
        "columns-regression",
        "regression",
        "an input per column of float, int64 and string; one output [N, 1]",
        exported.columns_regression(),
    ),
    ("double-input", "binary", "one float64 input tensor that must not pass through float32", exported.double_input()),
    ("fixed-batch", "binary", "takes exactly one row a run", exported.fixed_batch()),
    (
        "dynamic-columns",
        "binary",
        "does not say how many columns it takes: the uploader must",
        exported.dynamic_columns(),
    ),
    (
        "boolean-input",
        "binary",
        "an input per column of float and boolean",
        Exported(made_by_hand.boolean_input(), rows_with_boolean, BY_HAND, [0, 1]),
    ),
    ("xgboost-regression", "regression", "XGBoost; one input tensor; one output [N, 1]", exported.xgboost_regression()),
    (
        "sigmoid-output",
        "binary",
        "only output is the probability of class 1, [N, 1]; no label",
        Exported(made_by_hand.sigmoid_output(), rows_of_three, BY_HAND, [0, 1]),
    ),
    (
        "softmax-output",
        "multiclass",
        "only output is a probability per class, [N, 3]; no label",
        Exported(made_by_hand.softmax_output(), rows_of_three, BY_HAND, ["red", "green", "blue"]),
    ),
]


def sorted_imports(model: onnx.ModelProto) -> bytes:
    """Exporters write operator-set imports in the order of a Python set; sorted, a second run gives the same bytes."""
    imports = sorted(model.opset_import, key=lambda one: one.domain)
    del model.opset_import[:]
    model.opset_import.extend(imports)
    return model.SerializeToString(deterministic=True)


def tensors(values: list) -> list[dict]:
    """As onnxruntime sees them. A variable dimension is -1; what is no tensor keeps onnxruntime's name for its type."""
    return [
        {
            "name": one.name,
            "datatype": DATATYPES.get(one.type, one.type),
            "shape": [size if isinstance(size, int) else -1 for size in one.shape],
        }
        for one in values
    ]


def answer_rows(
    session: onnxruntime.InferenceSession, rows: pd.DataFrame, task: str, labels: list | None
) -> list[dict]:
    """One row a run, so that a model with a fixed batch is answered like the others."""
    inputs = session.get_inputs()
    answers = []
    for position in range(len(rows)):
        row = rows.iloc[[position]]
        if len(inputs) == 1:
            feeds = {inputs[0].name: row.to_numpy(NUMPY_TYPES[inputs[0].type])}
        else:
            feeds = {one.name: row[[one.name]].to_numpy(NUMPY_TYPES.get(one.type, object)) for one in inputs}
        answers.append(as_answer(session.run(None, feeds), task, labels))
    return answers


def as_answer(outputs: list, task: str, labels: list | None) -> dict:
    if task == "regression":
        return {"value": float(np.ravel(outputs[0])[0])}
    probabilities = outputs[-1][0]
    if isinstance(probabilities, dict):
        by_label = {str(label): float(value) for label, value in probabilities.items()}
    else:
        values = [1 - np.float64(probabilities[0]), probabilities[0]] if len(probabilities) == 1 else probabilities
        by_label = {str(label): float(value) for label, value in zip(labels, values, strict=True)}
    if len(outputs) == 2:
        label = outputs[0][0]
        label = label if isinstance(label, str) else label.item()
    else:
        label = max(labels, key=lambda one: by_label[str(one)])
    return {"label": label, "probabilities": by_label}


def write_accepted(name: str, task: str, description: str, case: Exported) -> dict:
    data = sorted_imports(case.artifact)
    (ARTIFACTS / f"{name}.onnx").write_bytes(data)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    instances = json.loads(case.rows.to_json(orient="records", double_precision=15, force_ascii=False))
    # What the file says is what is answered: read the rows back from the JSON that the test will read.
    answers = answer_rows(session, pd.DataFrame(instances, columns=case.rows.columns), task, case.labels)
    write_json(ARTIFACTS / f"{name}.expected.json", {"instances": instances, "answers": answers})
    features = list(case.rows.columns)
    return {
        "name": name,
        "description": description,
        "accepted": True,
        "task": task,
        "file": f"{name}.onnx",
        "expected": f"{name}.expected.json",
        "exporter": case.exporter,
        "layout": "single-tensor" if len(session.get_inputs()) == 1 else "tensor-per-feature",
        "features": features,
        "labels": case.labels,
        "inputs": tensors(session.get_inputs()),
        "outputs": tensors(session.get_outputs()),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def zip_bomb() -> bytes:
    """20 MB of zeros in a few kilobytes; the fixed date keeps the bytes the same from run to run."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr(zipfile.ZipInfo("model.onnx", (2020, 1, 1, 0, 0, 0)), bytes(20_000_000), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def refused_files() -> list[tuple[str, str, bytes]]:
    """(name, why it must be refused, bytes)"""
    good = (ARTIFACTS / "one-tensor-classifier.onnx").read_bytes()
    damaged = bytearray(good)
    damaged[len(good) // 3 : len(good) // 3 + 40] = bytes([0xFF]) * 40
    return [
        (
            "custom-operator",
            "uses an operator of a domain that onnxruntime does not have",
            sorted_imports(made_by_hand.custom_operator()),
        ),
        (
            "image-input",
            "loads, but its input has four dimensions: there are no features to name",
            sorted_imports(made_by_hand.image_input()),
        ),
        (
            "external-weights",
            "says that its weights are in another file",
            sorted_imports(made_by_hand.external_weights()),
        ),
        ("truncated", "ends in the middle", good[: len(good) * 6 // 10]),
        ("damaged", "has 40 bytes overwritten", bytes(damaged)),
        ("empty", "has no bytes", b""),
        ("text", "is a text file", b"This is not a model.\n" * 20),
        ("zip-bomb", "is a ZIP archive that unpacks to a thousand times its size", zip_bomb()),
    ]


def write_refused(name: str, why: str, data: bytes) -> dict:
    (ARTIFACTS / f"{name}.onnx").write_bytes(data)
    try:
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        python_loads, message = True, None
    except Exception as error:  # every kind of failure is what is wanted here
        python_loads, message = False, type(error).__name__
    return {
        "name": name,
        "description": why,
        "accepted": False,
        "file": f"{name}.onnx",
        "onnxruntimeLoadsIt": python_loads,
        "onnxruntimeError": message,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def write_json(file: Path, value: dict) -> None:
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def main() -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    cases = [write_accepted(*case) for case in ACCEPTED] + [write_refused(*case) for case in refused_files()]
    write_json(ARTIFACTS / "manifest.json", {"runtime": f"onnxruntime {onnxruntime.__version__}", "cases": cases})
    for file in sorted(ARTIFACTS.iterdir()):
        if file.stat().st_size > LARGEST_FILE_BYTES:
            raise SystemExit(f"{file.name} is larger than {LARGEST_FILE_BYTES} bytes")


if __name__ == "__main__":
    main()
