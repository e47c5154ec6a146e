"""Calls a gateway with the unmodified tritonclient and prints what came back, as JSON, for the test beside it.

    python calls.py HTTP_ADDRESS GRPC_ADDRESS ROWS_FILE

ROWS_FILE holds rows of the features of the models `neural-network` and `scorer` and of the endpoint `fraud`.
"""

import json
import queue
import sys

import numpy as np
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http
from tritonclient.utils import InferenceServerException

NETWORK = "neural-network"
TYPES = "every-type"


def failure(call):
    try:
        call()
    except InferenceServerException as error:
        return {"message": error.message(), "status": error.status()}
    return None


def listed(array):
    if array is None:
        return None
    if array.dtype == np.object_:
        return [value.decode() if isinstance(value, bytes) else value for value in array.flatten()]
    return array.flatten().tolist()


def answer(result, names):
    response = result.get_response()
    is_message = hasattr(response, "model_name")
    parameters = response.parameters if is_message else response["parameters"]
    ids = parameters["ids"].string_param if is_message else parameters["ids"]
    return {
        "id": response.id if is_message else response.get("id"),
        "model": response.model_name if is_message else response["model_name"],
        "version": response.model_version if is_message else response["model_version"],
        "ids": json.loads(ids),
        "outputs": {name: listed(result.as_numpy(name)) for name in names},
        "dtypes": {name: str(result.as_numpy(name).dtype) for name in names if result.as_numpy(name) is not None},
    }


def tensor(library, name, array, **options):
    datatype = {"f": {4: "FP32", 8: "FP64"}, "i": {8: "INT64"}, "b": {1: "BOOL"}, "O": {8: "BYTES"}}
    given = library.InferInput(name, list(array.shape), datatype[array.dtype.kind][array.dtype.itemsize])
    given.set_data_from_numpy(array, **options)
    return given


def every_type(library, **options):
    return [
        tensor(library, "text_in", np.array([["ä", ""], ["日本", "x" * 300]], dtype=np.object_), **options),
        tensor(library, "long_in", np.array([[9007199254740991], [-1]], dtype=np.int64), **options),
        tensor(library, "flag_in", np.array([True, False]), **options),
        tensor(library, "double_in", np.array([[0.1], [1e300]]), **options),
    ]


TYPE_OUTPUTS = ["text_out", "long_out", "flag_out", "double_out"]


def common(client):
    """What both clients can ask beside inference."""
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(NETWORK),
        "version_ready": client.is_model_ready(NETWORK, "1"),
        "unknown_ready": client.is_model_ready("nobody"),
        "load": client.load_model(NETWORK),
        "load_unknown": failure(lambda: client.load_model("nobody")),
        "unload": failure(lambda: client.unload_model(NETWORK)),
        "unknown": failure(lambda: client.get_model_metadata("nobody")),
    }


def http(address, rows):
    client = over_http.InferenceServerClient(address, concurrency=4)
    library = over_http
    found = common(client)
    found["server"] = client.get_server_metadata()
    found["metadata"] = client.get_model_metadata(NETWORK)
    found["config"] = client.get_model_config(NETWORK)
    found["index"] = client.get_model_repository_index()
    binary = [tensor(library, "features", rows)]
    as_json = [tensor(library, "features", rows, binary_data=False)]
    names = ["label", "probabilities"]
    requested = [library.InferRequestedOutput(name, binary_data=False) for name in names]
    found["network"] = {
        "binary": answer(client.infer(NETWORK, binary, request_id="one"), names),
        "json": answer(client.infer(NETWORK, as_json, outputs=requested), names),
        "mixed": answer(client.infer(NETWORK, as_json, model_version="1"), names),
        "gzip": answer(
            client.infer(NETWORK, binary, request_compression_algorithm="gzip", response_compression_algorithm="gzip"),
            names,
        ),
        "deflate": answer(client.infer(NETWORK, binary, request_compression_algorithm="deflate"), names),
        "async": answer(client.async_infer(NETWORK, binary).get_result(), names),
        "timeout": answer(client.infer(NETWORK, binary, timeout=5_000_000, priority=1), names),
    }
    body, length = library.InferenceServerClient.generate_request_body(binary)
    raw = client._post("v2/models/fraud/infer", body, {"Inference-Header-Content-Length": length}, None)
    found["generated"] = raw.status_code
    endpoint = ["label", "score", "probabilities"]
    found["endpoint"] = answer(
        client.infer("fraud", binary, parameters={"unit": "user-7", "segment.tier": "gold"}), endpoint
    )
    found["types"] = {
        "binary": answer(client.infer(TYPES, every_type(library)), TYPE_OUTPUTS),
        "json": answer(
            client.infer(
                TYPES,
                every_type(library, binary_data=False),
                outputs=[library.InferRequestedOutput(name, binary_data=False) for name in TYPE_OUTPUTS],
            ),
            TYPE_OUTPUTS,
        ),
    }
    found["refused"] = failure(lambda: client.infer(NETWORK, [tensor(library, "features", rows[:, :3].copy())]))
    found["not_finite"] = failure(lambda: client.infer(NETWORK, [tensor(library, "features", rows * np.float32(np.nan))]))
    found["statistics"] = client.get_inference_statistics(NETWORK, "1")
    found["all_statistics"] = len(client.get_inference_statistics()["model_stats"])
    client.close()
    return found


def grpc(address, rows):
    client = over_grpc.InferenceServerClient(address)
    library = over_grpc
    found = common(client)
    found["server"] = client.get_server_metadata(as_json=True)
    found["metadata"] = client.get_model_metadata(NETWORK, as_json=True)
    found["config"] = client.get_model_config(NETWORK, as_json=True)
    found["index"] = client.get_model_repository_index(as_json=True)
    given = [tensor(library, "features", rows)]
    names = ["label", "probabilities"]
    results = queue.Queue()
    client.async_infer(NETWORK, given, lambda result, error: results.put((result, error)))
    found["network"] = {
        "binary": answer(client.infer(NETWORK, given, request_id="one"), names),
        "gzip": answer(client.infer(NETWORK, given, compression_algorithm="gzip"), names),
        "timeout": answer(client.infer(NETWORK, given, timeout=5_000_000, client_timeout=5), names),
        "async": answer(results.get(timeout=10)[0], names),
    }
    stream = queue.Queue()
    client.start_stream(lambda result, error: stream.put((result, error)))
    for index in range(20):
        client.async_stream_infer(NETWORK if index != 7 else "nobody", given, request_id=f"s-{index}")
    answers = [stream.get(timeout=10) for _ in range(20)]
    client.stop_stream()
    found["stream"] = [
        str(error) if error is not None else answer(result, names)["id"] for result, error in answers
    ]
    found["network"]["stream"] = answer(answers[19][0], names)
    endpoint = ["label", "score", "probabilities"]
    found["endpoint"] = answer(
        client.infer("fraud", given, parameters={"unit": "user-7", "segment.tier": "gold"}), endpoint
    )
    found["types"] = {"binary": answer(client.infer(TYPES, every_type(library)), TYPE_OUTPUTS)}
    found["refused"] = failure(lambda: client.infer(NETWORK, [tensor(library, "features", rows[:, :3].copy())]))
    found["not_finite"] = failure(lambda: client.infer(NETWORK, [tensor(library, "features", rows * np.float32(np.nan))]))
    found["statistics"] = client.get_inference_statistics(NETWORK, "1", as_json=True)
    found["all_statistics"] = len(client.get_inference_statistics().model_stats)
    client.close()
    return found


if __name__ == "__main__":
    http_address, grpc_address, rows_file = sys.argv[1:]
    with open(rows_file, encoding="utf-8") as file:
        rows = np.array(json.load(file), dtype=np.float32)
    print(json.dumps({"http": http(http_address, rows), "grpc": grpc(grpc_address, rows)}))
