#!/usr/bin/env python3
"""Sobol' indices by `lehr sample expect` and by OpenTURNS at the same number of model calls, and densities evaluated in batches.

    /usr/bin/python3 bench/peers/importance/compare.py [--lehr build/release/apps/lehr/lehr] [--repeats 10] [--calls 70000]
                                                       [--densities build/release/bench/law_density_bench]

Needs Python with openturns, numpy and scipy (Debian: python3-openturns python3-scipy).

Indices: first-order indices of a cantilever beam's tip deflection (6 inputs, data/expectations/beam.toml). Lehr estimates them
by adaptive importance sampling with control variates (pick-freeze, 7 calls a point), OpenTURNS by the Saltelli,
Martinez, Jansen and Mauntz-Kucherenko estimators (8 calls a point: total indices come along). The reference is the mean
of OpenTURNS' Martinez estimates over a hundred times the calls. The last column is the peer's mean squared error, summed over
the inputs, divided by Lehr's. Times are those of one estimate; Lehr's includes starting the command and its report.

Densities: ln of the law's density (6 independent marginals) at 100000 points: SciPy, vectorised per marginal, and OpenTURNS'
computeLogPDF on the whole sample, against Lehr's Law::log_pdf on one thread (the benchmark program prints the
time a point; built with -DLEHR_BENCH=ON). The last column is the peer's time divided by Lehr's.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import openturns as ot
from scipy import stats

ROOT = os.path.dirname(os.path.abspath(__file__)) + "/../../.."
BEAM = os.path.join(ROOT, "data", "expectations", "beam.toml")
NAMES = ["F_X", "F_Y", "E", "w", "t", "L"]
FORMULA = "4 * L^3 / (1e9 * E * w * t) * sqrt((F_X / w^2)^2 + (F_Y / t^2)^2)"
MEANS = dict(F_X=556.8, F_Y=453.6, E=200, w=0.062, t=0.0987, L=4.29)
VARIATIONS = dict(F_X=0.08, F_Y=0.08, E=0.06, w=0.1, t=0.1, L=0.1)
ALGORITHMS = dict(Saltelli=ot.SaltelliSensitivityAlgorithm, Martinez=ot.MartinezSensitivityAlgorithm,
                  Jansen=ot.JansenSensitivityAlgorithm, Mauntz=ot.MauntzKucherenkoSensitivityAlgorithm)


def peer_law():
    marginals = []
    for name in NAMES:
        mean, sd = MEANS[name], MEANS[name] * VARIATIONS[name]
        marginals.append(ot.ParametrizedDistribution(ot.LogNormalMuSigma(mean, sd, 0))
                         if name in ("F_X", "F_Y", "E") else ot.Normal(mean, sd))
    return ot.ComposedDistribution(marginals)


def peer_indices(algorithm, calls, seed):
    """First-order indices from about `calls` model calls, and the seconds that they took."""
    ot.RandomGenerator.SetSeed(seed)
    begin = time.perf_counter()
    size = calls // (len(NAMES) + 2)
    design = ot.SobolIndicesExperiment(peer_law(), size).generate()
    output = ot.SymbolicFunction(NAMES, [FORMULA])(design)
    indices = np.array(ALGORITHMS[algorithm](design, output, size).getFirstOrderIndices())
    return indices, time.perf_counter() - begin


def lehr_indices(command, calls, seed, method):
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([os.path.abspath(command), "sample", "expect", os.path.abspath(BEAM), "--sobol", "first",
                               "--budget", str(calls), "--method", method, "--seed", str(seed), "--threads", "1", "--json",
                               "--quiet"], capture_output=True, text=True, check=False, cwd=folder)
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.strip()}")
    return np.array([entry["value"] for entry in json.loads(done.stdout)["sobol"]]), seconds


def compare_indices(options):
    reference = np.mean([peer_indices("Martinez", 10 * options.calls, 1000 + k)[0] for k in range(10)], axis=0)
    sources = {f"OpenTURNS {ot.__version__}, {name}": lambda seed, name=name: peer_indices(name, options.calls, seed)
               for name in ALGORITHMS}
    for method, label in (("mc", "Lehr, plain pick-freeze"), ("aiscv", "Lehr, aiscv")):
        sources[label] = lambda seed, method=method: lehr_indices(options.lehr, options.calls, seed, method)
    rows = {}
    for label, estimate in sources.items():
        runs = [estimate(seed) for seed in range(1, options.repeats + 1)]
        errors = [np.sum((indices - reference) ** 2) for indices, _ in runs]
        rows[label] = (np.mean(errors), np.median([seconds for _, seconds in runs]))
    own = rows["Lehr, aiscv"][0]
    print(f"first-order Sobol' indices of the beam, {options.calls} calls, {options.repeats} repeats")
    print(f"{'':36} {'squared error':>14} {'seconds':>8} {'error/Lehr':>11}")
    for label, (error, seconds) in rows.items():
        print(f"{label:36} {error:14.3g} {seconds:8.3f} {error / own:11.1f}")


def best_of(work, repeats=7):
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def compare_densities(program):
    law = peer_law()
    sample = law.getSample(100000)
    points = np.array(sample)
    marginals = []
    for name in NAMES:
        mean, variation = MEANS[name], VARIATIONS[name]
        variance = np.log1p(variation ** 2)
        marginals.append(stats.lognorm(np.sqrt(variance), scale=mean * np.exp(-variance / 2))
                         if name in ("F_X", "F_Y", "E") else stats.norm(mean, mean * variation))
    rows = {"SciPy, a vector per marginal":
            best_of(lambda: sum(m.logpdf(points[:, k]) for k, m in enumerate(marginals))),
            f"OpenTURNS {ot.__version__}": best_of(lambda: law.computeLogPDF(sample))}
    done = subprocess.run([program, "--benchmark_filter=LawLogPdf", "--benchmark_format=json"], capture_output=True, text=True,
                          check=True)
    entry = json.loads(done.stdout)["benchmarks"][0]
    rows["Lehr, one thread"] = 1e5 / entry["items_per_second"]
    print("\nln density at 100000 points of 6 marginals")
    print(f"{'':36} {'ns a point':>11} {'time/Lehr':>10}")
    for label, seconds in rows.items():
        print(f"{label:36} {seconds * 1e4:11.1f} {seconds / rows['Lehr, one thread']:10.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--densities", default="build/release/bench/law_density_bench")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--calls", type=int, default=70000)
    options = parser.parse_args()
    compare_indices(options)
    if os.path.exists(options.densities):
        compare_densities(options.densities)


if __name__ == "__main__":
    main()
