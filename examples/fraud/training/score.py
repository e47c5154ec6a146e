"""Scores predictions with scikit-learn, to cross-check numbers that other code computed.

    python score.py predictions.json     (or - for standard input)

The file holds [{"row": 6340, "label": 0}, …]: `row` counts from 0 at the first line after the header of
data/transactions.csv, `label` is 0 or 1. With a "model" in each entry, each model is scored on its own rows too.
"""

import json
import sys
from pathlib import Path

import numpy as np

from dataset import load_dataset
from report import measure_labels


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    text = sys.stdin.read() if sys.argv[1] == "-" else Path(sys.argv[1]).read_text()
    predictions = json.loads(text)
    target = load_dataset().target
    for one in predictions:
        if not 0 <= one["row"] < len(target) or one["label"] not in (0, 1):
            raise SystemExit(f"not a prediction of this data set: {one}")

    def score(some: list[dict]) -> dict:
        rows = np.array([one["row"] for one in some], dtype=np.int64)
        label = np.array([one["label"] for one in some], dtype=np.int64)
        return measure_labels(target[rows], label)

    result = {"all": score(predictions)}
    models = sorted({one["model"] for one in predictions if "model" in one})
    if models:
        result["models"] = {model: score([one for one in predictions if one.get("model") == model]) for model in models}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
