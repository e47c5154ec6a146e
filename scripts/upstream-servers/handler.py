"""A TorchServe handler without PyTorch: multinomial logistic regression from a file of weights."""

import json
import math
import os

_weights = None


def handle(data, context):
    """Answers one item for each request of the batch: a list of probabilities for each row of the request."""
    global _weights
    if _weights is None:
        path = os.path.join(context.system_properties.get("model_dir"), "weights.json")
        with open(path, encoding="utf-8") as file:
            _weights = json.load(file)
    if data is None:
        return None
    return [_answer(request) for request in data]


def _answer(request):
    body = request.get("body") if request.get("body") is not None else request.get("data")
    if isinstance(body, (bytes, bytearray)):
        body = json.loads(body)
    if isinstance(body, dict):
        return {"predictions": [_probabilities(row) for row in body["instances"]]}
    if body and not isinstance(body[0], list):
        return _probabilities(body)
    return [_probabilities(row) for row in body]


def _probabilities(row):
    scores = [
        bias + sum(weight * value for weight, value in zip(weights, row))
        for weights, bias in zip(_weights["coefficients"], _weights["intercepts"])
    ]
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    return [power / sum(powers) for power in powers]
