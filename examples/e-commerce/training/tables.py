"""Prints the tables of ../README.md: from the committed artifacts, and from models trained again without `PageValues`."""

import json
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

import dataset

from dataset import MONTHS, TRAINING_MONTHS, Dataset, load_dataset
from report import Answers, average, measure, run_artifact
from train import ARTIFACTS, build_models

COLUMNS = ["precision", "recall", "rocAuc", "prAuc", "logLoss"]


def print_table(title: str, data: Dataset, answers: dict[str, Answers], rows: np.ndarray) -> None:
    print(f"\n{title}: {rows.sum()} sessions, {data.target[rows].sum()} purchases")
    print("| model | " + " | ".join(COLUMNS) + " |")
    print("| --- |" + " --- |" * len(COLUMNS))
    for name, one in answers.items():
        scores = measure(data.target, one, rows)
        cells = ["–" if scores[column] is None else f"{scores[column]:.3f}" for column in COLUMNS]
        print(f"| `{name}` | " + " | ".join(cells) + " |")


def committed_answers(data: Dataset) -> dict[str, Answers]:
    described = json.loads((ARTIFACTS / "models.json").read_text())
    answers = {
        model["name"]: run_artifact((ARTIFACTS / model["file"]).read_bytes(), data.features)
        for model in described["models"]
    }
    return {**answers, "ensemble": average(answers, described["ensemble"]["weights"])}


def answers_without_page_values(data: Dataset) -> dict[str, Answers]:
    """Trains again with the same settings. The lists are shared, so the trainers see them without the column."""
    for columns in (dataset.MEASURES, dataset.BEHAVIOUR, dataset.FEATURES):
        columns.remove("PageValues")
    return {
        model["name"]: Answers(label=(model["purchase"] > 0.5).astype(np.int64), purchase=model["purchase"])
        for model in build_models(data, data.training)
        if model["name"] != "shop-popularity"
    }


def print_page_values(data: Dataset) -> None:
    print("\nPurchases among sessions whose PageValues is 0, by month")
    for position, month in enumerate(MONTHS):
        rows = (data.month == position) & (data.features["PageValues"] == 0).to_numpy()
        use = "trains" if month in TRAINING_MONTHS else "replayed"
        print(f"| {month} | {use} | {rows.sum()} | {data.target[rows].sum()} |")


def main() -> None:
    data = load_dataset()
    answers = committed_answers(data)
    visitor = data.features["VisitorType"].to_numpy()
    replayed = ~data.training
    print_table("Replayed months", data, answers, replayed)
    for months in (["Aug", "Sep", "Oct"], ["Nov", "Dec"]):
        for kind in ("Returning_Visitor", "New_Visitor", "Other"):
            rows = data.rows_in(months) & (visitor == kind)
            if rows.any():
                print_table(f"{months[0]} to {months[-1]}, {kind}", data, answers, rows)
    print_page_values(data)
    print_table("Replayed months, models without PageValues", data, answers_without_page_values(data), replayed)


if __name__ == "__main__":
    main()
