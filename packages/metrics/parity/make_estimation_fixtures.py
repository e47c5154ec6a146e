"""Writes test/fixtures/estimation.json: what NannyML's CBPE and DLE answer, with everything random in them (splits,
resamples) written down so that the tests can repeat it.

    python parity/make_estimation_fixtures.py <folder with breast-cancer.csv>    (versions: parity/requirements.txt)
"""
import json
import math
import os
import pathlib
import sys
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")

import nannyml as nml
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, label_binarize

OUT = pathlib.Path(__file__).resolve().parents[1] / "test" / "fixtures" / "estimation.json"
rng = np.random.default_rng(20260612)
VALUES = np.array([[0.0, -1.0], [-25.0, 20.0]])  # [[TN, FP], [FN, TP]]
BINARY = {"roc_auc": "rocAuc", "average_precision": "averagePrecision", "f1": "f1", "precision": "precision", "recall": "recall", "specificity": "specificity", "accuracy": "accuracy", "business_value": "valuePerRow"}


def plain(value):
    value = float(value)
    return value if math.isfinite(value) else None


def chunk_rows(result, name, period):
    data = result.filter(period=period).to_df()
    fields = ["value", "sampling_error", "lower_confidence_boundary", "upper_confidence_boundary", "lower_threshold", "upper_threshold", "realized"]
    return [[plain(row[(name, field)]) for field in fields] for _, row in data.iterrows()]


def splits_of(y):
    splitter = StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42)
    return [test.tolist() for _, test in splitter.split(np.zeros(len(y)), y)]


def binary_case(name, y, p, reference, chunk, threshold=0.5):
    frame = pd.DataFrame({"y": y, "p": p, "hat": (p >= threshold).astype(int)})
    head, tail = frame[:reference], frame[reference:].reset_index(drop=True)
    estimator = nml.CBPE(y_pred_proba="p", y_pred="hat", y_true="y", problem_type="classification_binary", metrics=list(BINARY), chunk_size=chunk, business_value_matrix=VALUES)
    np.random.seed(11)
    estimator.fit(head)
    # The same draws again: fitting the metrics in their order draws only for average precision.
    np.random.seed(11)
    size = min(reference // 2, 50_000)
    drawn = np.concatenate([np.random.choice(reference, size, replace=True) for _ in range(50)])
    result = estimator.estimate(tail)
    out = {}
    for key, ours in BINARY.items():
        rows = chunk_rows(result, key, "analysis")
        if key == "business_value":  # theirs is the total of a chunk
            rows = [[None if v is None else v / chunk for v in row] for row in rows]
        out[ours] = rows
    return {"name": name, "labels": y.tolist(), "scores": p.tolist(), "reference": reference, "chunkRows": chunk, "splits": splits_of(y[:reference]), "drawn": drawn.tolist(), "needsCalibration": bool(estimator.needs_calibration), "metrics": out}


def multiclass_case():
    n, reference, chunk, classes = 2400, 1200, 300, ["a", "b", "c"]
    truth = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 3)) + 1.2 * np.eye(3)[truth]
    prob = np.exp(2.5 * x)
    prob /= prob.sum(axis=1, keepdims=True)
    frame = pd.DataFrame({f"p_{c}": prob[:, i] for i, c in enumerate(classes)})
    frame["y"] = [classes[t] for t in truth]
    frame["hat"] = [classes[t] for t in prob.argmax(axis=1)]
    names = {"roc_auc": "rocAuc", "f1": "f1", "precision": "precision", "recall": "recall", "accuracy": "accuracy"}
    estimator = nml.CBPE(y_pred_proba={c: f"p_{c}" for c in classes}, y_pred="hat", y_true="y", problem_type="classification_multiclass", metrics=list(names), chunk_size=chunk)
    estimator.fit(frame[:reference])
    result = estimator.estimate(frame[reference:].reset_index(drop=True))
    binarized = label_binarize(frame["y"][:reference], classes=classes).T
    return {"classes": classes, "labels": frame["y"].tolist(), "predicted": frame["hat"].tolist(), "probabilities": prob.tolist(), "reference": reference, "chunkRows": chunk, "splits": [splits_of(column) for column in binarized], "metrics": {ours: chunk_rows(result, key, "analysis") for key, ours in names.items()}}


def regression_case():
    n, reference, chunk = 3000, 1500, 250
    x = rng.normal(size=(n, 3))
    x[reference:, 0] += np.linspace(0, 1.5, n - reference)  # the analysis rows move to where errors are larger
    y = 10 + 2 * x[:, 0] + x[:, 1] ** 2 + rng.normal(size=n) * (0.5 + np.maximum(0, x[:, 0]))
    hat = 11 + 2 * x[:, 0]
    y = np.maximum(y, 0.1)
    hat = np.maximum(hat, 0.1)
    frame = pd.DataFrame(x, columns=["f0", "f1", "f2"])
    frame["y"], frame["hat"] = y, hat
    names = {"mae": "meanAbsoluteError", "mse": "meanSquaredError", "rmse": "rootMeanSquaredError", "mape": "meanAbsolutePercentageError", "msle": "meanSquaredLogError", "rmsle": "rootMeanSquaredLogError"}
    estimator = nml.DLE(feature_column_names=["f0", "f1", "f2"], y_pred="hat", y_true="y", metrics=list(names), chunk_size=chunk)
    estimator.fit(frame[:reference])
    tail = frame[reference:].reset_index(drop=True)
    result = estimator.estimate(tail)
    predicted = {}
    for metric in estimator.metrics:
        predicted[names[metric.column_name]] = metric._dee_model.predict(tail[["f0", "f1", "f2", "hat"]]).tolist()
    return {"features": x.T.tolist(), "targets": y.tolist(), "predictions": hat.tolist(), "reference": reference, "chunkRows": chunk, "predictedLosses": predicted, "metrics": {ours: chunk_rows(result, key, "analysis") for key, ours in names.items()}}


def binary_cases(folder):
    cancer = pd.read_csv(pathlib.Path(folder) / "breast-cancer.csv").sample(frac=1, random_state=3)[:550]
    y = cancer["malignant"].to_numpy().astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
    p = cross_val_predict(model, cancer.iloc[:, :6].to_numpy(), y, method="predict_proba")[:, 1]
    yield binary_case("breast cancer", y, p, 350, 50)
    for name, distort in {"calibrated": lambda p: p, "over-confident": lambda p: p**3 / (p**3 + (1 - p) ** 3), "too high": lambda p: p**0.5}.items():
        n = 2000
        truth = rng.beta(1.2, 2.5, n)
        truth[1000:] = rng.beta(2, 2, n - 1000)  # the traffic moves after the reference
        y = (rng.random(n) < truth).astype(int)
        p = distort(truth)
        yield binary_case(name, y, p, 1000, 250)


if __name__ == "__main__":
    fixture = {"binary": list(binary_cases(sys.argv[1])), "multiclass": multiclass_case(), "regression": regression_case()}
    OUT.write_text(json.dumps(fixture) + "\n")
    for case in fixture["binary"]:
        print(case["name"], case["needsCalibration"], case["metrics"]["rocAuc"][0])
