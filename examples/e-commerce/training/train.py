"""Trains the four purchase models and writes everything in ../artifacts.

python train.py           train, export, check the exports, fit the ensemble's weights, write the artifacts
python train.py --check   do the same in a temporary folder and compare it with the committed artifacts
"""

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

# One thread, set before NumPy loads: sums are then added in one order, so a second run gives the same bytes.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared"))

import numpy as np
import onnx
from ensemble_weights import fit_ensemble_weights
from sklearn.exceptions import ConvergenceWarning

from dataset import EXAMPLE, MONTHS, TRAINING_MONTHS, WEIGHING_MONTHS, Dataset, load_dataset, sha256_of
from learned_models import SEED, train_logistic, train_network, train_trees
from popularity import POPULARITY_FEATURES, build_popularity_model, count_popularity, predict_popularity
from report import Answers, average, expected_answers, measure, run_artifact, write_json

ARTIFACTS = EXAMPLE / "artifacts"
LARGEST_DIFFERENCE = 1e-6

# The network stops after few passes on purpose: more of them fit the spring, not the year.
warnings.filterwarnings("ignore", category=ConvergenceWarning)


def canonical(model: onnx.ModelProto) -> bytes:
    """The exporter writes operator-set imports in the order of a Python set, which changes from run to run."""
    imports = sorted(model.opset_import, key=lambda one: one.domain)
    del model.opset_import[:]
    model.opset_import.extend(imports)
    return model.SerializeToString(deterministic=True)


def build_models(data: Dataset, rows: np.ndarray) -> list[dict]:
    """Learns from the rows of a mask. Each model's artifact, its framework's answer for every row, and its lineage."""
    features, target = data.features[rows], data.target[rows]
    models = []
    for name, train, description in [
        ("shop-logistic", train_logistic, "Logistic regression on what the visitor does."),
        ("shop-trees", train_trees, "40 boosted trees of depth 3 on everything but the weekday."),
        ("shop-network", train_network, "Hidden layers of 16 and 8 on behaviour, traffic and visitor type."),
    ]:
        learned = train(features, target)
        models.append(
            {
                "name": name,
                "description": description,
                "artifact": canonical(learned.artifact),
                "purchase": learned.predict_purchase(data.features),
                "features": learned.features,
                "code": "training/learned_models.py",
                "framework": learned.framework,
                "frameworkVersion": learned.framework_version,
                "exporter": learned.exporter,
                "seed": SEED,
            }
        )
    table = count_popularity(features, target)
    models.append(
        {
            "name": "shop-popularity",
            "description": "How often sessions of this visitor type and traffic source bought before.",
            "artifact": canonical(build_popularity_model(table)),
            "purchase": predict_popularity(table, data.features),
            "features": POPULARITY_FEATURES,
            "code": "training/popularity.py",
            "framework": "counted",
            "frameworkVersion": None,
            "exporter": f"onnx.helper {onnx.__version__}",
            "seed": None,
        }
    )
    return models


def fit_weights(data: Dataset) -> dict[str, float]:
    """Weights from the last training months, for members that learned from the months before only."""
    weighing = data.rows_in(WEIGHING_MONTHS)
    earlier = build_models(data, data.training & ~weighing)
    purchase = np.stack([one["purchase"][weighing] for one in earlier], axis=1)
    weights = fit_ensemble_weights(purchase, data.target[weighing])
    return {one["name"]: float(weight) for one, weight in zip(earlier, weights, strict=True)}


def check_export(name: str, answers: Answers, purchase: np.ndarray) -> dict:
    """How far the artifact's answers are from the framework's, over every row. Too far is an error."""
    difference = float(np.abs(answers.purchase.astype(np.float64) - purchase).max())
    disagreements = int(((purchase > 0.5).astype(np.int64) != answers.label).sum())
    print(f"{name}: largest difference of ONNX from the framework {difference:.2e}, labels that differ {disagreements}")
    if difference > LARGEST_DIFFERENCE or disagreements > 0:
        raise SystemExit(f"{name}: the exported model does not answer like the trained one")
    return {"largestProbabilityDifference": difference, "labelsThatDiffer": disagreements}


def write_artifacts(folder: Path, data: Dataset) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    replayed = ~data.training
    entries, answers_by_model = [], {}
    for model in build_models(data, data.training):
        file = folder / f"{model['name']}.onnx"
        file.write_bytes(model["artifact"])
        answers = run_artifact(model["artifact"], data.features)
        answers_by_model[model["name"]] = answers
        entries.append(
            {
                "name": model["name"],
                "task": "binary",
                "description": model["description"],
                "format": "onnx",
                "file": file.name,
                "sizeBytes": file.stat().st_size,
                "sha256": sha256_of(file),
                "features": model["features"],
                "labels": [0, 1],
                "positiveLabel": 1,
                "lineage": {
                    "dataset": "data/sessions.csv",
                    "datasetSha256": data.sha256,
                    "months": TRAINING_MONTHS,
                    "rows": int(data.training.sum()),
                    "codeFile": model["code"],
                    "framework": model["framework"],
                    "frameworkVersion": model["frameworkVersion"],
                    "exporter": model["exporter"],
                    "seed": model["seed"],
                },
                "exportCheck": check_export(model["name"], answers, model["purchase"]),
                "metrics": measure(data.target, answers, replayed),
            }
        )
    weights = fit_weights(data)
    write_json(
        folder / "models.json",
        {
            "notes": {
                "layout": "one tensor per feature, [N, 1] each",
                "threshold": "the label is 1 when the probability of class 1 is above 0.5",
                "metrics": "measured on the months after the training months; prAuc is the average precision",
            },
            "replayedMonths": [month for month in MONTHS if month not in TRAINING_MONTHS],
            "models": entries,
            "ensemble": {
                "method": "weighted_average",
                "weights": weights,
                "weightsFittedOn": WEIGHING_MONTHS,
                "metrics": measure(data.target, average(answers_by_model, weights), replayed),
            },
        },
    )
    write_json(folder / "expected.json", expected_answers(data, answers_by_model))


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
