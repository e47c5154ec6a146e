"""The shop's sessions: where they are, which columns a model sees, and how they are split by month."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

EXAMPLE = Path(__file__).resolve().parent.parent
SESSIONS = EXAMPLE / "data" / "sessions.csv"

# The months of the data in their order within the year. The file is not in this order from June on.
MONTHS = ["Feb", "Mar", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
TRAINING_MONTHS = ["Feb", "Mar", "May", "June", "Jul"]
# The last training months, on which the ensemble's weights are fitted to members that never saw them.
WEIGHING_MONTHS = ["June", "Jul"]

PAGES = ["Administrative", "Informational", "ProductRelated"]
MEASURES = [f"{page}_Duration" for page in PAGES] + ["BounceRates", "ExitRates", "PageValues"]
BEHAVIOUR = PAGES + MEASURES
CODES = ["OperatingSystems", "Browser", "Region", "TrafficType"]
# `Month` and `SpecialDay` are left out on purpose. No replayed month occurs in the training months, and `SpecialDay` is 0
# in all replayed rows (it knows two days, in February and May): there is nothing to learn from them for what is to come.
FEATURES = BEHAVIOUR + CODES + ["VisitorType", "Weekend"]
TARGET = "Revenue"


@dataclass(frozen=True)
class Dataset:
    """All rows in the order of the file; masks tell them apart by month."""

    features: pd.DataFrame  # float32, int64, str and bool columns: what the artifacts take
    target: np.ndarray  # int64 [rows], 1 = purchase
    month: np.ndarray  # int64 [rows], position in MONTHS
    sha256: str

    def rows_in(self, months: list[str]) -> np.ndarray:
        return np.isin(self.month, [MONTHS.index(month) for month in months])

    @property
    def training(self) -> np.ndarray:
        return self.rows_in(TRAINING_MONTHS)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_dataset() -> Dataset:
    # round_trip: the nearest double, as every JSON parser reads the same digits.
    table = pd.read_csv(SESSIONS, float_precision="round_trip")
    return Dataset(
        features=table[FEATURES].astype(
            {
                **{column: np.float32 for column in MEASURES},
                **{column: np.int64 for column in PAGES + CODES},
                "VisitorType": object,
                "Weekend": bool,
            }
        ),
        target=table[TARGET].to_numpy(np.int64),
        month=np.array([MONTHS.index(month) for month in table["Month"]], dtype=np.int64),
        sha256=sha256_of(SESSIONS),
    )
