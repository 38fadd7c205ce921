#!/usr/bin/python3
"""The bootstrap particle filter of a linear-Gaussian model: `lehr sample ssm` beside the same filter vectorised in NumPy.

    /usr/bin/python3 bench/peers/particles/compare.py [--lehr build/release/apps/lehr/lehr] [--particles 1000] [--steps 1000]
                                                      [--runs 20]

Needs python3-numpy. Both filter the same series, x' = 0.9 x + N(0, 1), y = x + N(0, 0.3^2), by systematic resampling at every
step, with one thread; both keep the filtered mean and variance of each step and the effective sample size. Lehr's time is that of
its filters without its start. The last line is Lehr's particle steps per second over NumPy's; the likelihoods must agree within
their standard errors.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

A, NOISE = 0.9, 0.3


def simulate(steps, random):
    x = random.normal() / np.sqrt(1 - A * A)
    ys = []
    for _ in range(steps):
        ys.append(x + NOISE * random.normal())
        x = A * x + random.normal()
    return np.array(ys)


def bootstrap_filter(ys, particles, random):
    """ln of the likelihood's estimate, and the filtered means."""
    x = random.standard_normal(particles) / np.sqrt(1 - A * A)
    log_z, means, variances, shares = 0.0, [], [], []
    constant = -np.log(NOISE) - 0.5 * np.log(2 * np.pi)
    places = np.arange(particles)
    for t, y in enumerate(ys):
        if t > 0:
            x = A * x + random.standard_normal(particles)
        z = (y - x) / NOISE
        log_w = constant - 0.5 * z * z
        largest = log_w.max()
        w = np.exp(log_w - largest)
        total = w.sum()
        log_z += largest + np.log(total / particles)
        w /= total
        mean = w @ x
        means.append(mean)
        variances.append(w @ (x - mean) ** 2)
        shares.append(1 / (w @ w) / particles)
        edges = np.cumsum(w)
        edges[-1] = 1
        x = x[np.searchsorted(edges, (places + random.random()) / particles, side="right")]
    return log_z, means


def log_mean(logs):
    """ln of the mean of e^logs, and its jackknife error."""
    largest = logs.max()
    weights = np.exp(logs - largest)
    n = len(logs)
    without = largest + np.log((weights.sum() - weights) / (n - 1))
    return largest + np.log(weights.mean()), np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2))


def run_lehr(command, ys, particles, runs):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "model.toml"), "w") as file:
            file.write(f'kind = "linear_gaussian"\nobservations = ["y"]\ntransition = {A}\ntransition_covariance = 1\n'
                       f"observation = 1\nobservation_covariance = {NOISE ** 2!r}\n")
        with open(os.path.join(folder, "data.csv"), "w") as file:
            file.write("y\n" + "\n".join(repr(float(y)) for y in ys) + "\n")
        finished = subprocess.run(
            [os.path.abspath(command), "sample", "ssm", "model.toml", "data.csv", "--particles", str(particles), "--runs", str(runs),
             "--resample_below", "1", "--threads", "1", "--json", "--quiet"],
            cwd=folder, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"{command} failed: {finished.stderr.strip()}")
    return json.loads(finished.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--particles", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()

    random = np.random.default_rng(1)
    ys = simulate(options.steps, random)
    begin = time.process_time()
    logs = np.array([bootstrap_filter(ys, options.particles, random)[0] for _ in range(options.runs)])
    peer_seconds = time.process_time() - begin
    lehr = run_lehr(options.lehr, ys, options.particles, options.runs)
    steps = options.particles * options.steps * options.runs
    peer, error = log_mean(logs)
    print(f"{options.particles} particles, {options.steps} steps, {options.runs} runs, one thread")
    print(f"{'':16} {'particle steps/s':>17} {'ln Z':>12} {'error':>8} {'exact':>12}")
    print(f"{'NumPy':16} {steps / peer_seconds:17.3g} {peer:12.3f} {error:8.3f} {lehr['exact_log_likelihood']:12.3f}")
    print(f"{'lehr':16} {steps / lehr['seconds']:17.3g} {lehr['log_likelihood']:12.3f} {lehr['log_likelihood_error']:8.3f}")
    print(f"likelihoods differ by {abs(peer - lehr['log_likelihood']) / np.hypot(error, lehr['log_likelihood_error']):.2f} standard errors")
    print(f"ratio of particle steps per second: {peer_seconds / lehr['seconds']:.2f}")


if __name__ == "__main__":
    main()
