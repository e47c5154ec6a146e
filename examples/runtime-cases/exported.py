"""Small models on made-up rows, exported as their users export them. Each returns (artifact, rows, spec)."""

from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxmltools
import pandas as pd
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as XgboostFloatTensorType
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEED = 11
ROWS_TO_LEARN = 300
ROWS_TO_ANSWER = 24
TARGET_OPSET = {"": 15, "ai.onnx.ml": 3}
NUMBERS = ["a", "b", "c", "d"]


@dataclass(frozen=True)
class Exported:
    artifact: onnx.ModelProto
    rows: pd.DataFrame  # the rows to answer, columns in the order of the features
    exporter: str
    labels: list | None = field(default=None)


SKL2ONNX = f"skl2onnx {skl2onnx.__version__}"


def _number_rows(count: int, offset: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(SEED + offset)
    # Four decimals: the JSON stays short and is exact after rounding to float32.
    return pd.DataFrame(random.normal(size=(count, 4)).round(4), columns=NUMBERS)


def _mixed_rows(count: int, offset: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(SEED + offset)
    return pd.DataFrame(
        {
            "Amount": random.gamma(2.0, 40.0, count).round(2),
            "Visits": random.integers(0, 40, count),
            "Country": random.choice(["BE", "DE", "FR", "Österreich"], count),
        }
    )


def _mixed_rows_to_answer() -> pd.DataFrame:
    rows = _mixed_rows(ROWS_TO_ANSWER, offset=1)
    # A country that training never saw: the encoder was told to ignore it.
    rows.loc[0, "Country"] = "ZZ"
    return rows


def _binary(rows: pd.DataFrame) -> np.ndarray:
    return (rows["a"] + 0.5 * rows["b"] - rows["c"] > 0.2).astype(np.int64).to_numpy()


def _risk(rows: pd.DataFrame) -> np.ndarray:
    return (rows["Amount"] / 50 + rows["Visits"] / 20 + rows["Country"].isin(["FR", "BE"])).to_numpy()


def _mixed_columns(*steps):
    return make_pipeline(
        ColumnTransformer(
            [
                ("numbers", StandardScaler(), ["Amount", "Visits"]),
                ("country", OneHotEncoder(handle_unknown="ignore"), ["Country"]),
            ]
        ),
        *steps,
    )


MIXED_TYPES = [
    ("Amount", FloatTensorType([None, 1])),
    ("Visits", Int64TensorType([None, 1])),
    ("Country", StringTensorType([None, 1])),
]


def _export(pipeline, types: list, options: dict | None = None) -> onnx.ModelProto:
    return skl2onnx.convert_sklearn(
        pipeline, name="case", initial_types=types, options=options, target_opset=TARGET_OPSET
    )


def one_tensor_classifier(shape: list | None = None) -> Exported:
    rows = _number_rows(ROWS_TO_LEARN)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows.to_numpy(), _binary(rows))
    types = [("float_input", FloatTensorType(shape or [None, 4]))]
    return Exported(
        _export(pipeline, types, {id(pipeline): {"zipmap": False}}), _number_rows(ROWS_TO_ANSWER, 1), SKL2ONNX, [0, 1]
    )


def fixed_batch() -> Exported:
    return one_tensor_classifier([1, 4])


def mixed_columns_classifier() -> Exported:
    rows = _mixed_rows(ROWS_TO_LEARN)
    pipeline = _mixed_columns(LogisticRegression()).fit(rows, (_risk(rows) > 3).astype(np.int64))
    return Exported(_export(pipeline, MIXED_TYPES), _mixed_rows_to_answer(), SKL2ONNX, [0, 1])


def string_labels() -> Exported:
    rows = _mixed_rows(ROWS_TO_LEARN)
    target = np.select([_risk(rows) > 4, _risk(rows) > 2.5], ["high", "medium"], "low")
    pipeline = _mixed_columns(LogisticRegression(max_iter=1000)).fit(rows, target)
    return Exported(
        _export(pipeline, MIXED_TYPES), _mixed_rows_to_answer(), SKL2ONNX, [str(label) for label in pipeline.classes_]
    )


def one_tensor_regression() -> Exported:
    rows = _number_rows(ROWS_TO_LEARN)
    model = LinearRegression().fit(rows.to_numpy(), (3 * rows["a"] - rows["d"] + 10).to_numpy())
    return Exported(_export(model, [("X", FloatTensorType([None, 4]))]), _number_rows(ROWS_TO_ANSWER, 1), SKL2ONNX)


def columns_regression() -> Exported:
    rows = _mixed_rows(ROWS_TO_LEARN)
    pipeline = _mixed_columns(GradientBoostingRegressor(n_estimators=20, max_depth=2, random_state=SEED))
    pipeline.fit(rows, _risk(rows))
    return Exported(_export(pipeline, MIXED_TYPES), _mixed_rows_to_answer(), SKL2ONNX)


def double_input() -> Exported:
    """`At` is a time in seconds: as float32 it would be off by up to a minute, and the answers visibly wrong."""

    def rows_from(count: int, offset: int) -> pd.DataFrame:
        random = np.random.default_rng(SEED + offset)
        return pd.DataFrame(
            {"At": 1_700_000_000 + random.uniform(0, 600, count).round(3), "b": random.normal(size=count)}
        )

    rows = rows_from(ROWS_TO_LEARN, 0)
    target = (rows["At"] - 1_700_000_300 + 60 * rows["b"] > 0).astype(np.int64)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows.to_numpy(), target)
    artifact = _export(pipeline, [("X", DoubleTensorType([None, 2]))], {id(pipeline): {"zipmap": False}})
    return Exported(artifact, rows_from(ROWS_TO_ANSWER, 1), SKL2ONNX, [0, 1])


def dynamic_columns() -> Exported:
    """Neither dimension is named in the file: only the uploader knows that it takes four columns."""
    rows = _number_rows(ROWS_TO_LEARN)
    network = MLPClassifier((4,), solver="lbfgs", max_iter=1000, random_state=SEED).fit(rows.to_numpy(), _binary(rows))
    artifact = _export(network, [("X", FloatTensorType([None, None]))], {id(network): {"zipmap": False}})
    return Exported(artifact, _number_rows(ROWS_TO_ANSWER, 1), SKL2ONNX, [0, 1])


def xgboost_regression() -> Exported:
    rows = _number_rows(ROWS_TO_LEARN)
    model = xgboost.XGBRegressor(n_estimators=10, max_depth=3, random_state=SEED, n_jobs=1)
    model.fit(rows.to_numpy(np.float32), (3 * rows["a"] - rows["d"] + 10).to_numpy())
    artifact = onnxmltools.convert_xgboost(
        model, name="case", initial_types=[("input", XgboostFloatTensorType([None, 4]))], target_opset=15
    )
    return Exported(artifact, _number_rows(ROWS_TO_ANSWER, 1), f"onnxmltools {onnxmltools.__version__}")
