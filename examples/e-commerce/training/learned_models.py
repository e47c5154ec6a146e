"""The three models that learn from the training months, each exported to ONNX by its usual exporter.

Every artifact takes one tensor per column: numbers, whole numbers, a text and a boolean. Settings were chosen by hand
with an eye on the log loss in June and July of models trained on the months before. They are meant to give a realistic
example, not the best possible score.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import onnxmltools
import pandas as pd
import sklearn
import skl2onnx
import xgboost
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx.common.data_types import BooleanTensorType, FloatTensorType, Int64TensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dataset import BEHAVIOUR, CODES, FEATURES, MEASURES, PAGES

SEED = 7
TARGET_OPSET = {"": 15, "ai.onnx.ml": 3}

skl2onnx.update_registered_converter(
    xgboost.XGBClassifier,
    "XGBClassifier",
    calculate_linear_classifier_output_shapes,
    convert_xgboost,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
)


@dataclass(frozen=True)
class LearnedModel:
    artifact: onnx.ModelProto
    features: list[str]
    predict_purchase: Callable[[pd.DataFrame], np.ndarray]  # the framework's own answer, to check the export against
    framework: str
    framework_version: str
    exporter: str


def _export(pipeline: Pipeline, name: str, features: list[str], options: dict | None = None) -> onnx.ModelProto:
    types = {
        **{column: Int64TensorType([None, 1]) for column in PAGES + CODES},
        **{column: FloatTensorType([None, 1]) for column in MEASURES},
        "VisitorType": StringTensorType([None, 1]),
        "Weekend": BooleanTensorType([None, 1]),
    }
    return skl2onnx.convert_sklearn(
        pipeline,
        name=name,
        initial_types=[(column, types[column]) for column in features],
        options=options,
        target_opset=TARGET_OPSET,
    )


def _one_hot(columns: list[str]) -> tuple:
    # A code that training never saw is none of the known ones, not an error: new browsers come out every year.
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False), columns


def train_logistic(rows: pd.DataFrame, target: np.ndarray) -> LearnedModel:
    """What visitors do, and nothing about who they are. Exported with probabilities as a sequence of maps."""
    pipeline = make_pipeline(
        ColumnTransformer([("behaviour", StandardScaler(), BEHAVIOUR)]),
        LogisticRegression(C=0.01, max_iter=1000),
    )
    pipeline.fit(rows[BEHAVIOUR], target)
    return LearnedModel(
        artifact=_export(pipeline, "logistic", BEHAVIOUR),
        features=BEHAVIOUR,
        predict_purchase=lambda some: pipeline.predict_proba(some[BEHAVIOUR])[:, 1],
        framework="scikit-learn",
        framework_version=sklearn.__version__,
        exporter=f"skl2onnx {skl2onnx.__version__}",
    )


def train_trees(rows: pd.DataFrame, target: np.ndarray) -> LearnedModel:
    """Boosted trees over all columns."""
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", "passthrough", BEHAVIOUR),
                ("codes", *_one_hot(["TrafficType", "VisitorType"])),
                ("others", "passthrough", ["OperatingSystems", "Browser", "Region"]),
            ],
            sparse_threshold=0,
        ),
        xgboost.XGBClassifier(
            n_estimators=40,
            max_depth=3,
            learning_rate=0.05,
            subsample=0.8,
            colsample_bytree=0.8,
            min_child_weight=20,
            reg_lambda=20,
            tree_method="hist",
            random_state=SEED,
            n_jobs=1,
        ),
    )
    features = [column for column in FEATURES if column != "Weekend"]
    pipeline.fit(rows[features], target)
    return LearnedModel(
        artifact=_export(pipeline, "trees", features, {id(pipeline): {"zipmap": False}}),
        features=features,
        predict_purchase=lambda some: pipeline.predict_proba(some[features])[:, 1].astype(np.float64),
        framework="xgboost",
        framework_version=xgboost.__version__,
        exporter=f"skl2onnx {skl2onnx.__version__} with the converter of onnxmltools {onnxmltools.__version__}",
    )


def train_network(rows: pd.DataFrame, target: np.ndarray) -> LearnedModel:
    """Standardised behaviour and one-hot codes, then two small hidden layers."""
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("behaviour", StandardScaler(), BEHAVIOUR),
                ("codes", *_one_hot(["TrafficType", "VisitorType"])),
                ("weekend", CastTransformer(), ["Weekend"]),
            ],
            sparse_threshold=0,
        ),
        MLPClassifier(hidden_layer_sizes=(16, 8), alpha=5.0, max_iter=15, random_state=SEED),
    )
    features = BEHAVIOUR + ["TrafficType", "VisitorType", "Weekend"]
    pipeline.fit(rows[features], target)
    return LearnedModel(
        artifact=_export(pipeline, "network", features, {id(pipeline): {"zipmap": False}}),
        features=features,
        predict_purchase=lambda some: pipeline.predict_proba(some[features])[:, 1],
        framework="scikit-learn",
        framework_version=sklearn.__version__,
        exporter=f"skl2onnx {skl2onnx.__version__}",
    )
