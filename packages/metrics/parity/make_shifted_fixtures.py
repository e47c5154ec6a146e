"""Writes test/fixtures/shifted.json: scores and labels of two real data sets whose population moves after the reference
(they come with NannyML), and what NannyML's CBPE makes of every chunk.

    python parity/make_shifted_fixtures.py          (versions: packages/drift/parity/requirements.txt)

Scores are kept to four digits, for NannyML as well, and of the larger set every eighth row.
"""
import base64
import json
import os
import pathlib
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")

import nannyml as nml
import numpy as np
import pandas as pd

OUT = pathlib.Path(__file__).resolve().parents[1] / "test" / "fixtures" / "shifted.json"
DATA = pathlib.Path(nml.__file__).parent / "datasets" / "data"
METRICS = {"roc_auc": "rocAuc", "f1": "f1", "accuracy": "accuracy"}
CHUNK = 500


def packed(frame):
    """Score × 10,000 and the label, two bytes a row."""
    whole = np.round(frame["p"].to_numpy() * 10_000).astype(int)
    return base64.b64encode((whole * 2 + frame["y"].to_numpy()).astype("<u2").tobytes()).decode()


def shifted(name, reference, analysis):
    for frame in (reference, analysis):
        frame["p"] = np.round(frame["p"], 4)
        frame["hat"] = (frame["p"] >= 0.5).astype(int)
    estimator = nml.CBPE(y_pred_proba="p", y_pred="hat", y_true="y", problem_type="classification_binary", metrics=list(METRICS), chunk_size=CHUNK)
    estimator.fit(reference)
    result = estimator.estimate(analysis[["p", "hat"]]).filter(period="analysis").to_df()
    truth = nml.PerformanceCalculator(y_pred_proba="p", y_pred="hat", y_true="y", problem_type="classification_binary", metrics=list(METRICS), chunk_size=CHUNK)
    realized = truth.fit(reference).calculate(analysis).filter(period="analysis").to_df()
    answers = {}
    for theirs, ours in METRICS.items():
        answers[ours] = {
            "estimated": [float("%.13g" % v) for v in result[(theirs, "value")]],
            "samplingError": [float("%.13g" % v) for v in result[(theirs, "sampling_error")]],
            "realized": [float("%.13g" % v) for v in realized[(theirs, "value")]],
        }
        gap = np.abs(np.array(answers[ours]["estimated"]) - np.array(answers[ours]["realized"]))
        print(name, ours, len(gap), "inside", float(np.mean(gap <= 3 * np.array(answers[ours]["samplingError"]))), "mean error", float(gap.mean()))
    return {"name": name, "chunkRows": CHUNK, "reference": packed(reference), "analysis": packed(analysis), "metrics": answers}


def california():
    reference = pd.read_csv(DATA / "california_housing_reference.csv")
    analysis = pd.read_csv(DATA / "california_housing_analysis.csv").merge(pd.read_csv(DATA / "california_housing_analysis_gt.csv"), on="id")
    names = {"y_pred_proba": "p", "clf_target": "y"}
    return [frame.rename(columns=names)[["p", "y"]].reset_index(drop=True) for frame in (reference, analysis)]


def employment():
    reference = pd.read_parquet(DATA / "employment_MA_reference.pq")
    analysis = pd.read_parquet(DATA / "employment_MA_analysis.pq").merge(pd.read_parquet(DATA / "employment_MA_analysis_target.pq"), on="id")
    names = {"predicted_probability": "p", "employed": "y"}
    return [frame.rename(columns=names)[["p", "y"]][::8].reset_index(drop=True) for frame in (reference, analysis)]


fixture = [shifted("California housing", *california()), shifted("employment in Massachusetts", *employment())]
OUT.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(OUT.stat().st_size, "bytes")
