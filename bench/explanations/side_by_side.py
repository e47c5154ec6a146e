"""Python's shap on the rows that bench/explanations/main.ts explains: the fraud forest as its ONNX file holds it."""
import json
import pathlib
import sys
import time
import warnings

warnings.simplefilter('ignore')
import numpy as np
import shap

root = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path += [str(root / 'packages/explanations/parity'), str(root / 'examples/fraud/training')]
from dataset import load_dataset  # noqa: E402
from tree_arrays import count_covers, onnx_trees  # noqa: E402

row_count, background_count, folder = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
data = load_dataset()
training = data.features[:data.split].astype(np.float64)
rows = data.features[data.split:data.split + row_count].astype(np.float64)
background = training[[at * data.split // background_count for at in range(background_count)]]
trees, _ = onnx_trees(root / 'examples/fraud/artifacts/random-forest.onnx')
model = {'trees': count_covers(trees, training), 'base_offset': 0.0}
answer = {'shap': shap.__version__}
for kind, data_rows in (('pathDependent', None), ('interventional', background)):
    how = 'tree_path_dependent' if data_rows is None else 'interventional'
    explainer = shap.TreeExplainer(model, data=data_rows, feature_perturbation=how)
    times = []
    for _ in range(6):
        started = time.process_time()
        values = explainer.shap_values(rows, check_additivity=False)
        times.append(time.process_time() - started)
    answer[f'{kind}Seconds'] = sorted(times[1:])[2]
    np.asarray(values, dtype=np.float64).reshape(row_count, -1).tofile(folder / f'{kind}.f64')
print(json.dumps(answer))
