"""The three models that learn from the training rows, each exported to ONNX by its usual exporter.

Settings were chosen by hand with an eye on the PR AUC over the last 30 % of the training rows. They are meant to give
a realistic example, not the best possible score.
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
from onnxmltools.convert.common.data_types import FloatTensorType as XgboostFloatTensorType
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dataset import FEATURES

SEED = 7
TARGET_OPSET = {"": 15, "ai.onnx.ml": 3}


@dataclass(frozen=True)
class LearnedModel:
    artifact: onnx.ModelProto
    predict_fraud: Callable[[np.ndarray], np.ndarray]  # the framework's own answer, to check the export against
    framework: str
    framework_version: str
    exporter: str


def train_random_forest(features: np.ndarray, target: np.ndarray) -> LearnedModel:
    """Exported as scikit-learn users do by default: one input per column, probabilities as a sequence of maps."""
    forest = make_pipeline(
        # Picks the columns by name and joins them: the step that lets the export keep one input per column.
        ColumnTransformer([("columns", "passthrough", FEATURES)]),
        RandomForestClassifier(n_estimators=60, max_depth=8, min_samples_leaf=3, random_state=SEED, n_jobs=1),
    )
    forest.fit(pd.DataFrame(features, columns=FEATURES), target)
    artifact = skl2onnx.convert_sklearn(
        forest,
        name="random_forest",
        initial_types=[(column, FloatTensorType([None, 1])) for column in FEATURES],
        target_opset=TARGET_OPSET,
    )
    return LearnedModel(
        artifact=artifact,
        predict_fraud=lambda rows: forest.predict_proba(pd.DataFrame(rows, columns=FEATURES))[:, 1],
        framework="scikit-learn",
        framework_version=sklearn.__version__,
        exporter=f"skl2onnx {skl2onnx.__version__}",
    )


def train_xgboost(features: np.ndarray, target: np.ndarray) -> LearnedModel:
    """One input tensor; label and probabilities as tensors."""
    booster = xgboost.XGBClassifier(
        n_estimators=80,
        max_depth=4,
        learning_rate=0.1,
        subsample=0.8,
        colsample_bytree=0.8,
        tree_method="hist",
        random_state=SEED,
        n_jobs=1,
    )
    booster.fit(features, target)
    artifact = onnxmltools.convert_xgboost(
        booster,
        name="xgboost",
        initial_types=[("features", XgboostFloatTensorType([None, len(FEATURES)]))],
        target_opset=15,
    )
    return LearnedModel(
        artifact=artifact,
        predict_fraud=lambda rows: booster.predict_proba(rows)[:, 1].astype(np.float64),
        framework="xgboost",
        framework_version=xgboost.__version__,
        exporter=f"onnxmltools {onnxmltools.__version__}",
    )


def train_neural_network(features: np.ndarray, target: np.ndarray) -> LearnedModel:
    """Standardise, then two small hidden layers: the training rows hold fewer than 200 frauds."""
    network = make_pipeline(
        StandardScaler(),
        MLPClassifier(hidden_layer_sizes=(16, 8), alpha=0.1, max_iter=200, random_state=SEED),
    )
    network.fit(features.astype(np.float64), target)
    artifact = skl2onnx.convert_sklearn(
        network,
        name="neural_network",
        initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
        options={id(network): {"zipmap": False}},
        target_opset=TARGET_OPSET,
    )
    return LearnedModel(
        artifact=artifact,
        predict_fraud=lambda rows: network.predict_proba(rows.astype(np.float64))[:, 1],
        framework="scikit-learn",
        framework_version=sklearn.__version__,
        exporter=f"skl2onnx {skl2onnx.__version__}",
    )
