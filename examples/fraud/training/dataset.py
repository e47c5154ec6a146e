"""The card transactions: where they are, which columns a model sees, and how they are split."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

EXAMPLE = Path(__file__).resolve().parent.parent
TRANSACTIONS = EXAMPLE / "data" / "transactions.csv"

# `Time` is left out on purpose: it counts seconds from the first transaction, so every value in the
# replayed rows lies beyond the values a model could have learnt from.
FEATURES = [f"V{number}" for number in range(1, 29)] + ["Amount"]
TARGET = "Class"
TRAINING_SHARE = 0.6
# The last training rows, on which the ensemble's weights are fitted to members that never saw them.
WEIGHING_SHARE_OF_TRAINING = 0.3


@dataclass(frozen=True)
class Dataset:
    """All rows in time order. Rows [0, split) train, rows [split, len) are replayed."""

    features: np.ndarray  # float32 [rows, 29]: what the artifacts take, so training sees the same numbers
    target: np.ndarray  # int64 [rows]
    amount: np.ndarray  # float64 [rows], EUR
    split: int
    sha256: str

    @property
    def weighing_from(self) -> int:
        return self.split - int(self.split * WEIGHING_SHARE_OF_TRAINING)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_dataset() -> Dataset:
    # round_trip: the nearest double, as every JSON parser reads the same digits.
    table = pd.read_csv(TRANSACTIONS, float_precision="round_trip")
    if not table["Time"].is_monotonic_increasing:
        raise ValueError("transactions.csv must be in time order, or the split would leak the future")
    return Dataset(
        features=table[FEATURES].to_numpy(np.float32),
        target=table[TARGET].to_numpy(np.int64),
        amount=table["Amount"].to_numpy(np.float64),
        split=int(len(table) * TRAINING_SHARE),
        sha256=sha256_of(TRANSACTIONS),
    )
