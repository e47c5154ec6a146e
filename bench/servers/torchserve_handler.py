"""An ONNX file in TorchServe, through a handler of its own: no PyTorch is involved."""

import json
import os

import numpy as np
import onnxruntime

session = None
input_name = None


def handle(data, context):
    global session, input_name
    if session is None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options)
        input_name = session.get_inputs()[0].name
    if data is None:
        return None
    answers = []
    for request in data:
        body = request.get("body") or request.get("data")
        if isinstance(body, (bytes, bytearray)):
            body = json.loads(body)
        outputs = session.run(None, {input_name: np.asarray(body["rows"], dtype=np.float32)})
        answers.append([np.asarray(output).tolist() for output in outputs])
    return answers
