# SPDX-License-Identifier: Apache-2.0
"""Writes ordinary files of the libraries around PyTorch and numpy, of kinds that were once taken for attacks.

    python3 ordinary_libraries.py FOLDER

The name of a file begins with the worst verdict that a scan may reach. Made with Python 3.11, torch 2.15, numpy 2.4,
pandas 3, scipy 1.17, scikit-learn 1.8, joblib 1.5, dill 0.4, flax, gensim and statsmodels.
"""

import collections
import operator
import pickle
import sys
import tempfile
import zoneinfo
from pathlib import Path

import dill
import joblib
import numpy as np
import pandas as pd
import torch
import torch.distributed.checkpoint as distributed
from flax.core import freeze
from gensim.models import Phrases
from scipy import interpolate, stats
from sklearn.feature_selection import SelectKBest
from sklearn.preprocessing import FunctionTransformer, SplineTransformer
from statsmodels.tsa.statespace import _initialization, _kalman_filter, _kalman_smoother

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
X = np.random.default_rng(0).normal(size=(20, 3))


def dump(name, value, protocol=None):
    (out / name).write_bytes(pickle.dumps(value, protocol))


for protocol in (0, 2, 4):
    dump(f"clean-zone-{protocol}.pkl", zoneinfo.ZoneInfo("Europe/Berlin"), protocol)
    dump(f"clean-error-{protocol}.pkl", {"error": ValueError("x"), "maps": collections.ChainMap({"a": 1})}, protocol)
    dump(f"review-types-{protocol}.pkl", [type(None), type(...), int, max, sorted, operator.add], protocol)
dump("clean-masked.pkl", [np.ma.array([1, 2], mask=[0, 1]), np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])])
dump("review-ufunc.pkl", [np.log1p, np.mean])
dump("review-interpolation.pkl", [interpolate.interp1d([1, 2, 3], [1, 2, 3]), interpolate.CubicSpline([1, 2, 3], [1, 2, 3])])
dump("review-distribution.pkl", [stats.norm(0, 1), stats.gaussian_kde(X.T[:2])])
dump("review-select.pkl", SelectKBest(k=2).fit(X, X[:, 0] > 0))
dump("review-transformer.pkl", [FunctionTransformer(np.log1p), SplineTransformer().fit(X)])
dump("review-phrases.pkl", Phrases([["a", "b"]] * 2, min_count=1))
dump("review-state-space.pkl", [_initialization.dInitialization, _kalman_filter.dKalmanFilter, _kalman_smoother.dKalmanSmoother])
dump("review-frozen.pkl", freeze({"params": {"w": np.zeros(2)}}))
dump("review-frame.pkl", pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}))
dump("review-periods.pkl", [pd.period_range("2020-01", "2020-03", freq="M").to_series(), pd.interval_range(0, 3).to_series()])
with tempfile.TemporaryDirectory() as folder:
    mapped = np.memmap(Path(folder) / "m", dtype="f4", mode="w+", shape=(3,))
    joblib.dump({"mapped": mapped, "w": X}, out / "review-mapped.joblib")
    distributed.save({"a": torch.zeros(4), "b": {"step": 1}}, checkpoint_id=folder + "/dcp")
    for part in Path(folder, "dcp").glob("*.distcp"):
        (out / "clean-two-parts.distcp").write_bytes(part.read_bytes())
(out / "clean-array.dill").write_bytes(dill.dumps({"a": X[:2]}))
(out / "review-function.dill").write_bytes(dill.dumps(lambda x: x * 2))
