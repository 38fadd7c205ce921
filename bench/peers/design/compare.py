#!/usr/bin/env python3
"""Polynomial chaos of the same function, in the same basis, from the same number of runs: OpenTURNS and `lehr sample design`.

    /usr/bin/python3 bench/peers/design/compare.py [--lehr build/release/apps/lehr/lehr] [--degree 10] [--seeds 10]

Needs python3-openturns and python3-numpy. The function is f(x) = 1 / (1 + 2 x1^2 + 4 x2^2) under the uniform law of [-1, 1]^2, the
basis all products of Legendre polynomials up to a total degree (66 functions at degree 10). OpenTURNS's designs are those of its
users: Monte Carlo, Sobol' points, a Latin hypercube, a Latin hypercube optimised for its C2 discrepancy by simulated annealing; its fit is
LeastSquaresStrategy with the fixed basis. Lehr's are repeated DPPs, volume sampling and independent points of the optimal law, with
weights. The error of a fit is computed here for both, from its coefficients and a Gauss-Legendre rule of 80 x 80 nodes, and printed
in units of the best error that the basis allows (root mean square over the seeds). Times are of one design without its runs: Lehr's
include starting the command, reading options and printing.
"""
import argparse
import csv
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import openturns as ot

FORMULA = "1 / (1 + 2 * x1^2 + 4 * x2^2)"


def function(x):
    return 1 / (1 + 2 * x[:, 0] ** 2 + 4 * x[:, 1] ** 2)


def orthonormal_legendre(x, degree):
    values = [np.ones_like(x), x]
    for k in range(1, degree):
        values.append(((2 * k + 1) * x * values[k] - k * values[k - 1]) / (k + 1))
    return [np.sqrt(2 * k + 1) * v for k, v in enumerate(values[: degree + 1])]


class Reference:
    """The best fit in the basis, by quadrature, and the error of any other."""

    def __init__(self, degree):
        nodes, weights = np.polynomial.legendre.leggauss(80)
        grid = np.array([(a, b) for a in nodes for b in nodes])
        mass = np.array([p * q for p in weights for q in weights]) / 4
        one, two = orthonormal_legendre(grid[:, 0], degree), orthonormal_legendre(grid[:, 1], degree)
        values = function(grid)
        self.best = {(i, j): float(np.sum(mass * values * one[i] * two[j]))
                     for i in range(degree + 1) for j in range(degree + 1 - i)}
        fitted = sum(c * one[i] * two[j] for (i, j), c in self.best.items())
        self.best_error = float(np.sqrt(np.sum(mass * (values - fitted) ** 2)))

    def ratio(self, coefficients):
        square = sum((coefficients.get(key, 0.0) - c) ** 2 for key, c in self.best.items())
        return float(np.sqrt(1 + square / self.best_error**2))


def openturns_design(kind, n, seed):
    ot.RandomGenerator.SetSeed(seed)
    law = ot.ComposedDistribution([ot.Uniform(-1, 1)] * 2)
    if kind == "Monte Carlo":
        return ot.MonteCarloExperiment(law, n).generate()
    if kind == "Sobol' points":
        experiment = ot.LowDiscrepancyExperiment(ot.SobolSequence(), law, n)
        experiment.setRandomize(True)
        return experiment.generate()
    hypercube = ot.LHSExperiment(law, n)
    if kind == "Latin hypercube":
        return hypercube.generate()
    hypercube.setAlwaysShuffle(True)
    return ot.SimulatedAnnealingLHS(hypercube, ot.SpaceFillingC2(), ot.GeometricProfile(10.0, 0.95, 20000)).generate()


def openturns_fit(points, degree):
    law = ot.ComposedDistribution([ot.Uniform(-1, 1)] * 2)
    enumerate_function = ot.LinearEnumerateFunction(2)
    basis = ot.OrthogonalProductPolynomialFactory([ot.LegendreFactory()] * 2, enumerate_function)
    size = enumerate_function.getStrataCumulatedCardinal(degree)
    values = ot.Sample([[v] for v in function(np.array(points))])
    chaos = ot.FunctionalChaosAlgorithm(points, values, law, ot.FixedStrategy(basis, size), ot.LeastSquaresStrategy())
    chaos.run()
    result = chaos.getResult()
    coefficients = np.array(result.getCoefficients())[:, 0]
    return {tuple(enumerate_function(int(i))): c for i, c in zip(result.getIndices(), coefficients)}


def lehr(command, kind, n, seed, degree, with_model):
    with tempfile.TemporaryDirectory() as folder:
        words = [command, "sample", "design", "--basis", f"legendre:d=2,total={degree}", "--design", kind, "--n", str(n),
                 "--seed", str(seed), "--repeats", "0", "--quiet", "--json"]
        if with_model:
            words += ["--model", FORMULA, "--out", folder]
        begin = time.perf_counter()
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder)
        seconds = time.perf_counter() - begin
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        metrics = json.loads(done.stdout)["metrics"]
        if not with_model:
            return seconds, metrics
        with open(Path(folder) / "artifacts" / "coefficients.csv", newline="") as file:
            rows = list(csv.DictReader(file))
    return {(int(float(r["degree_1"])), int(float(r["degree_2"]))): float(r["coefficient"]) for r in rows}


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--degree", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    command, degree = str(Path(arguments.lehr).resolve()), arguments.degree
    reference = Reference(degree)
    m, seeds = len(reference.best), range(1, arguments.seeds + 1)
    sizes = [m, 3 * m // 2, 2 * m, 3 * m, 4 * m]
    print(f"{m} functions, best error {reference.best_error:.3g}; error / best error, root mean square over {len(seeds)} seeds\n")
    print(f"{'design':34}" + "".join(f"{'n = ' + str(n):>11}" for n in sizes) + f"{'design of n = ' + str(2 * m):>22}")
    for kind in ["Monte Carlo", "Sobol' points", "Latin hypercube", "optimised Latin hypercube"]:
        ratios = [root_mean_square([reference.ratio(openturns_fit(openturns_design(kind, n, s), degree)) for s in seeds])
                  for n in sizes]
        begin = time.perf_counter()
        openturns_design(kind, 2 * m, 1)
        seconds = time.perf_counter() - begin
        print(f"{'OpenTURNS, ' + kind:34}" + "".join(f"{r:11.4g}" for r in ratios) + f"{seconds * 1000:19.1f} ms")
    for kind in ["optimal_iid", "volume", "dpp_repeat"]:
        ratios = [root_mean_square([reference.ratio(lehr(command, kind, n, s, degree, True)) for s in seeds]) for n in sizes]
        seconds = min(lehr(command, kind, 2 * m, s, degree, False)[0] for s in seeds)
        print(f"{'Lehr, ' + kind:34}" + "".join(f"{r:11.4g}" for r in ratios) + f"{seconds * 1000:19.1f} ms")


if __name__ == "__main__":
    main()
