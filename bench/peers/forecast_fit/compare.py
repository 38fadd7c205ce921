#!/usr/bin/env python3
"""Fits the multi-power law to the same training curves with its authors' code and with `lehr forecast`.

    /usr/bin/python3 bench/peers/forecast_fit/compare.py CHECKOUT [--size 25] [--lehr build/release/apps/lehr/lehr]
                                                [--steps 200]

CHECKOUT is a working tree of https://github.com/thu-yao-01-luo/MultiPowerLaw, which brings the curves. Needs Python with
torch, numpy, scipy and matplotlib (Debian: python3-torch python3-scipy python3-matplotlib).

Both fit cosine_24000, constant_24000 and wsdcon_9 of the size (millions of parameters) and are scored on the other six
curves: PredE is the mean relative error, WorstE the largest relative error, both averaged over curves. The peer runs as
published: initialisation by L-BFGS-B from a grid of 135 starts, then up to 200 steps of AdamW (`--steps` shortens the
second part). Lehr runs from the command line, so its times include starting, reading files and printing; the row
"with uncertainty" adds 200 bootstrap refits. The last column is the peer's time divided by Lehr's.
"""
import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import types

import numpy as np
import torch

TRAIN = ["cosine_24000", "constant_24000", "wsdcon_9"]
TEST = ["constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18"]
WARMUP = "2160steps"
SCHEDULES = {
    "cosine_24000": f"warmup({WARMUP}, cosine(from=3e-4, to=3e-5)) @ 24000",
    "cosine_72000": f"warmup({WARMUP}, cosine(from=3e-4, to=3e-5)) @ 72000",
    "constant_24000": f"warmup({WARMUP}, 3e-4) @ 24000",
    "constant_72000": f"warmup({WARMUP}, 3e-4) @ 72000",
    "wsd_20000_24000": f"wsd(peak=3e-4, to=3e-5, start=20000steps, warmup={WARMUP}, shape=exponential) @ 24000",
    "wsdld_20000_24000": f"wsd(peak=3e-4, to=3e-5, start=20000steps, warmup={WARMUP}, shape=linear) @ 24000",
    "wsdcon_3": f"then(warmup({WARMUP}, 3e-4), 3e-5, at=8000steps) @ 16000",
    "wsdcon_9": f"then(warmup({WARMUP}, 3e-4), 9e-5, at=8000steps) @ 16000",
    "wsdcon_18": f"then(warmup({WARMUP}, 3e-4), 18e-5, at=8000steps) @ 16000",
}


def load_peer(checkout):
    """The peer's fitting and data modules. Its progress bars need tqdm, which a no-op replaces when absent; it indexes by
    32-bit steps, which torch before 2.0 refuses, so they become 64-bit there."""
    try:
        import tqdm  # noqa: F401
    except ImportError:
        sys.modules["tqdm"] = types.SimpleNamespace(tqdm=lambda items, **_: items)
    if int(torch.__version__.split(".")[0]) < 2:
        torch.int32 = torch.int64
    sys.path.insert(0, checkout)
    from src import data_loader, fitting
    return data_loader, fitting


def fit_peer(checkout, size, steps):
    """Seconds, and (L0, A, alpha, B, C, beta, gamma), of the published procedure; also the data it loaded."""
    data_loader, fitting = load_peer(checkout)
    data = data_loader.load_data(os.path.join(checkout, "loss_curve_repo", f"csv_{size}"))
    train, test = [name + ".csv" for name in TRAIN], [name + ".csv" for name in TEST]
    with tempfile.TemporaryDirectory() as figures, contextlib.redirect_stderr(io.StringIO()):
        begin = time.perf_counter()
        starts = fitting.generate_init_params(fitting.initialize_params(data, train))
        parameters, _ = fitting.mpl_adam_fit(data, train, test, starts, figures, max_steps=steps)
        return time.perf_counter() - begin, parameters, data


def peer_errors(parameters, data):
    """PredE and WorstE by the definition of the law, the warm-up's rise counted as the peer does."""
    L0, A, alpha, B, C, beta, gamma = parameters
    means, worsts = [], []
    for name in TEST:
        curve = data[name + ".csv"]
        rates, area = curve["lrs"], np.cumsum(curve["lrs"])
        rises = np.diff(rates)
        predicted = []
        for step in curve["step"]:
            argument = rates[1:step + 1] ** -gamma * (area[step] - area[:step])
            gained = np.sum(rises[:step] * (1 - (1 + C * argument) ** -beta))
            predicted.append(L0 + A * area[step] ** -alpha + B * gained)
        relative = np.abs(np.array(predicted) - curve["loss"]) / curve["loss"]
        means.append(relative.mean())
        worsts.append(relative.max())
    return np.mean(means), np.mean(worsts)


def run_lehr(command, checkout, size, law, draws):
    """Seconds, PredE and WorstE of one `lehr forecast`."""
    files = {name: os.path.join(checkout, "loss_curve_repo", f"csv_{size}", name + ".csv") for name in SCHEDULES}
    arguments = [command, "forecast", "--law", law, "--draws", str(draws), "--json", "--quiet"]
    arguments += ["--fit", *(files[name] for name in TRAIN), "--fit_schedule", *(SCHEDULES[name] for name in TRAIN)]
    arguments += ["--predict", *(files[name] for name in TEST)]
    arguments += ["--predict_schedule", *(SCHEDULES[name] for name in TEST)]
    begin = time.perf_counter()
    finished = subprocess.run(arguments, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if finished.returncode != 0:
        sys.exit(f"{command} failed: {finished.stderr.strip()}")
    curves = json.loads(finished.stdout)["predictions"]
    return (seconds, np.mean([curve["mean_relative_error"] for curve in curves]),
            np.mean([curve["worst_relative_error"] for curve in curves]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout")
    parser.add_argument("--size", choices=["25", "100", "400"], default="25")
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()

    rows = [("lehr, multi_power", *run_lehr(options.lehr, options.checkout, options.size, "multi_power", 0)),
            ("lehr, multi_power, with uncertainty",
             *run_lehr(options.lehr, options.checkout, options.size, "multi_power", 200)),
            ("lehr, annealing", *run_lehr(options.lehr, options.checkout, options.size, "annealing", 0))]
    seconds, parameters, data = fit_peer(options.checkout, options.size, options.steps)
    rows.insert(0, ("MultiPowerLaw (peer)", seconds, *peer_errors(parameters, data)))

    print(f"{options.size}M curves, fitted to {', '.join(TRAIN)}, scored on {len(TEST)} others")
    print(f"{'':36} {'seconds':>9} {'PredE':>9} {'WorstE':>9} {'peer/this':>10}")
    for name, took, mean, worst in rows:
        print(f"{name:36} {took:9.2f} {mean:9.5f} {worst:9.5f} {seconds / took:10.1f}")


if __name__ == "__main__":
    main()
