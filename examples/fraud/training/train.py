"""Trains the four fraud models and writes everything in ../artifacts.

python train.py           train, export, check the exports, write the artifacts
python train.py --check   do the same in a temporary folder and compare it with the committed artifacts
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

# One thread, set before NumPy loads: sums are then added in one order, so a second run gives the same bytes.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared"))

import numpy as np
import onnx
from ensemble_weights import fit_ensemble_weights

from dataset import EXAMPLE, FEATURES, Dataset, load_dataset, sha256_of
from learned_models import SEED, train_neural_network, train_random_forest, train_xgboost
from report import Answers, average, expected_answers, measure, run_artifact, write_json
from rule_based import build_rule_based_model, predict_rule_based

ARTIFACTS = EXAMPLE / "artifacts"
LARGEST_DIFFERENCE = 1e-6


def canonical(model: onnx.ModelProto) -> bytes:
    """The exporter writes operator-set imports in the order of a Python set, which changes from run to run."""
    imports = sorted(model.opset_import, key=lambda one: one.domain)
    del model.opset_import[:]
    model.opset_import.extend(imports)
    return model.SerializeToString(deterministic=True)


def build_models(data: Dataset, rows: int) -> list[dict]:
    """Trained on the first rows: each model's artifact, its framework's answer for every row, and its lineage."""
    training_features, training_target = data.features[:rows], data.target[:rows]
    learners = [
        ("random-forest", train_random_forest, "tensor-per-feature", "60 trees of depth 8."),
        ("xgboost", train_xgboost, "single-tensor", "80 boosted trees of depth 4."),
        ("neural-network", train_neural_network, "single-tensor", "Standardised inputs, hidden layers of 16 and 8."),
    ]
    models = [
        {
            "name": "rule-based",
            "description": "Six hand-written rules that add risk points; three points or more are fraud.",
            "artifact": build_rule_based_model(),
            "fraud": predict_rule_based(data.features)[1],
            "layout": "single-tensor",
            "code": "training/rule_based.py",
            "framework": "hand-written",
            "frameworkVersion": None,
            "exporter": f"onnx.helper {onnx.__version__}",
            "seed": None,
        }
    ]
    for name, train, layout, description in learners:
        learned = train(training_features, training_target)
        models.append(
            {
                "name": name,
                "description": description,
                "artifact": learned.artifact,
                "fraud": learned.predict_fraud(data.features),
                "layout": layout,
                "code": "training/learned_models.py",
                "framework": learned.framework,
                "frameworkVersion": learned.framework_version,
                "exporter": learned.exporter,
                "seed": SEED,
            }
        )
    return models


def fit_weights(data: Dataset) -> dict[str, float]:
    """Weights from the last training rows, for members that learned from the rows before only."""
    weighing = slice(data.weighing_from, data.split)
    earlier = build_models(data, data.weighing_from)
    fraud = np.stack([one["fraud"][weighing] for one in earlier], axis=1)
    weights = fit_ensemble_weights(fraud, data.target[weighing])
    return {one["name"]: float(weight) for one, weight in zip(earlier, weights, strict=True)}


def check_export(name: str, answers: Answers, fraud: np.ndarray) -> dict:
    """How far the artifact's answers are from the framework's, over every row. Too far is an error."""
    difference = float(np.abs(answers.fraud.astype(np.float64) - fraud).max())
    disagreements = int(((fraud > 0.5).astype(np.int64) != answers.label).sum())
    print(f"{name}: largest difference of ONNX from the framework {difference:.2e}, labels that differ {disagreements}")
    if difference > LARGEST_DIFFERENCE or disagreements > 0:
        raise SystemExit(f"{name}: the exported model does not answer like the trained one")
    return {"largestProbabilityDifference": difference, "labelsThatDiffer": disagreements}


def write_artifacts(folder: Path, data: Dataset) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    entries, answers_by_model = [], {}
    for model in build_models(data, data.split):
        file = folder / f"{model['name']}.onnx"
        file.write_bytes(canonical(model["artifact"]))
        answers = run_artifact(file, data.features)
        answers_by_model[model["name"]] = answers
        replayed = slice(data.split, None)
        entries.append(
            {
                "name": model["name"],
                "task": "binary",
                "description": model["description"],
                "format": "onnx",
                "file": file.name,
                "sizeBytes": file.stat().st_size,
                "sha256": sha256_of(file),
                "layout": model["layout"],
                "features": FEATURES,
                "labels": [0, 1],
                "positiveLabel": 1,
                "threshold": 0.5,
                "lineage": {
                    "dataset": "data/transactions.csv",
                    "datasetSha256": data.sha256,
                    "rows": {"from": 0, "to": data.split},
                    "codeFile": model["code"],
                    "framework": model["framework"],
                    "frameworkVersion": model["frameworkVersion"],
                    "exporter": model["exporter"],
                    "seed": model["seed"],
                },
                "referenceProfile": {"dataset": "data/transactions.csv", "rows": {"from": 0, "to": data.split}},
                "exportCheck": check_export(model["name"], answers, model["fraud"]),
                "metrics": measure(data.target[replayed], answers.label[replayed], answers.fraud[replayed]),
            }
        )
    weights = fit_weights(data)
    ensemble = average(answers_by_model, weights)
    write_json(
        folder / "models.json",
        {
            "notes": {
                "rows": "from is included, to is not; row 0 is the first line after the header",
                "layout": "single-tensor: float32 [N, 29], features in order; tensor-per-feature: float32 [N, 1] each",
                "threshold": "the label is 1 when the probability of class 1 is above the threshold",
                "metrics": "measured on the rows after the training rows; prAuc is the average precision",
            },
            "models": entries,
            "ensemble": {
                "method": "weighted_average",
                "weights": weights,
                "weightsFittedOn": {"rows": {"from": data.weighing_from, "to": data.split}},
                "metrics": measure(data.target[data.split :], ensemble.label[data.split :], ensemble.fraud[data.split :]),
            },
        },
    )
    write_json(folder / "expected.json", expected_answers(data, answers_by_model, ensemble))


def compare_with_committed(folder: Path) -> None:
    different = [
        file.name
        for file in sorted(ARTIFACTS.iterdir())
        if not (folder / file.name).exists() or (folder / file.name).read_bytes() != file.read_bytes()
    ]
    if different:
        raise SystemExit(f"retrained artifacts differ from the committed ones: {', '.join(different)}")
    print("retrained artifacts are byte for byte the committed ones")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed artifacts, write nothing")
    arguments = parser.parse_args()
    data = load_dataset()
    if arguments.check:
        with tempfile.TemporaryDirectory() as folder:
            write_artifacts(Path(folder), data)
            compare_with_committed(Path(folder))
    else:
        write_artifacts(ARTIFACTS, data)


if __name__ == "__main__":
    sys.exit(main())
