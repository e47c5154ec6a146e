"""An ONNX file in MLServer, which brings no runtime for it."""

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        self._input = self._session.get_inputs()[0].name
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = np.asarray(self.decode(payload.inputs[0], default_codec=NumpyCodec), dtype=np.float32)
        answers = self._session.run(None, {self._input: rows})
        outputs = [
            NumpyCodec.encode_output(name=f"output-{index}", payload=np.asarray(answer))
            for index, answer in enumerate(answers)
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
