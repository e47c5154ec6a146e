"""An ONNX file in BentoML."""

import os

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(workers=1, traffic={"timeout": 10})
class Fraud:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options)
        self.input = self.session.get_inputs()[0].name

    @bentoml.api
    def predict(self, rows: list) -> list:
        answers = self.session.run(None, {self.input: np.asarray(rows, dtype=np.float32)})
        return [np.asarray(answer).tolist() for answer in answers]
