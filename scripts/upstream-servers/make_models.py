"""Trains one small model and writes it for every server, with what scikit-learn itself answers.

usage: make_models.py DIRECTORY
"""

import json
import pathlib
import subprocess
import sys

import joblib
import mlflow.sklearn
import pandas
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

here = pathlib.Path(__file__).parent
directory = pathlib.Path(sys.argv[1])
features = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
iris = load_iris()
model = LogisticRegression(max_iter=1000).fit(iris.data, iris.target)

rows = iris.data[::7]
expected = {
    "features": features,
    "labels": iris.target_names.tolist(),
    "rows": rows.tolist(),
    "probabilities": model.predict_proba(rows).tolist(),
}
(directory / "expected.json").write_text(json.dumps(expected))

mlserver = directory / "mlserver" / "iris"
mlserver.mkdir(parents=True)
joblib.dump(model, mlserver / "model.joblib")
settings = {
    "name": "iris",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": "./model.joblib", "version": "v1"},
    "inputs": [{"name": "predict", "datatype": "FP64", "shape": [-1, 4]}],
    "outputs": [
        {"name": "predict", "datatype": "INT64", "shape": [-1]},
        {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 3]},
    ],
}
(mlserver / "model-settings.json").write_text(json.dumps(settings))

frame = pandas.DataFrame(iris.data, columns=features)
named = LogisticRegression(max_iter=1000).fit(frame, iris.target)
mlflow.sklearn.save_model(
    named,
    str(directory / "mlflow"),
    pyfunc_predict_fn="predict_proba",
    input_example=frame.head(2),
    # Only read by environments that MLflow makes itself, which the tests do not use.
    pip_requirements=["scikit-learn"],
    serialization_format="pickle",
)

weights = {"coefficients": model.coef_.tolist(), "intercepts": model.intercept_.tolist()}
(directory / "weights.json").write_text(json.dumps(weights))
store = directory / "torchserve"
store.mkdir()
subprocess.run(
    [
        str(pathlib.Path(sys.executable).with_name("torch-model-archiver")),
        *("--model-name", "iris"),
        *("--version", "1.0"),
        *("--handler", str(here / "handler.py")),
        *("--extra-files", str(directory / "weights.json")),
        *("--export-path", str(store)),
    ],
    check=True,
)
