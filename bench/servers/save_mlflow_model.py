"""Saves an ONNX file as an MLflow model: save_mlflow_model.py FILE FOLDER"""

import sys

import mlflow.onnx
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

model = onnx.load(sys.argv[1])
width = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
signature = ModelSignature(inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, width))]))
mlflow.onnx.save_model(model, sys.argv[2], signature=signature)
