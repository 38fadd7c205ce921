#!/usr/bin/env python3
"""The same Feynman-Kac corrector loop by `lehr diffusion compose` and in NumPy, on one thread each.

    /usr/bin/python3 bench/peers/correctors/compare.py [--lehr build/release/apps/lehr/lehr] [--particles 100000] [--steps 200] [--repeats 3]

q^2 of the four modes of data/mixtures/four_modes.json: constant exponent, noise 10 to 0.01 on Karras' grid, systematic resampling below
half of the particles. NumPy works on whole arrays; Lehr's times include starting the command and its report. Times are processor seconds,
so that other work on the machine does not count; the smallest of the repeats counts. The last line is NumPy's time over Lehr's. No C++
peer of the method is known.
"""
import argparse
import json
import os
import subprocess

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np

ROOT = os.path.dirname(os.path.abspath(__file__)) + "/../../.."


def score(x, weights, means, variances):
    """log q and its gradient, n and n x 2."""
    difference = means[None] - x[:, None]
    terms = np.log(weights) - np.log(2 * np.pi * variances) - (difference ** 2).sum(-1) / (2 * variances)
    largest = terms.max(1, keepdims=True)
    shares = np.exp(terms - largest)
    total = shares.sum(1, keepdims=True)
    shares /= total
    return (largest + np.log(total))[:, 0], ((shares / variances)[..., None] * difference).sum(1)


def corrector(mixture, beta, count, steps, seed):
    random = np.random.default_rng(seed)
    weights, means, variances = (np.array(mixture[key]) for key in ("weights", "means", "variances"))
    sigmas = np.linspace(10 ** (1 / 7), 0.01 ** (1 / 7), steps + 1) ** 7
    centre = weights @ means
    spread = (weights @ (variances + ((means - centre) ** 2).sum(1) / 2) + sigmas[0] ** 2) / beta
    x = centre + np.sqrt(spread) * random.standard_normal((count, 2))
    log_q, s = score(x, weights, means, variances + sigmas[0] ** 2)
    log_w = beta * log_q + np.log(2 * np.pi * spread) + ((x - centre) ** 2).sum(1) / (2 * spread)
    log_z = 0.0
    for high, low in zip(sigmas, sigmas[1:]):
        delta = high ** 2 - low ** 2
        log_w += 0.5 * delta * beta * (beta - 1) * (s ** 2).sum(1)
        x = x + delta * beta * s + np.sqrt(delta) * random.standard_normal(x.shape)
        p = np.exp(log_w - log_w.max())
        if p.sum() ** 2 / (p ** 2).sum() < 0.5 * count:
            log_z += np.log(p.mean()) + log_w.max()
            x = x[np.minimum(np.searchsorted(np.cumsum(p / p.sum()), (np.arange(count) + random.random()) / count), count - 1)]
            log_w[:] = 0
        _, s = score(x, weights, means, variances + low ** 2)
    p = np.exp(log_w - log_w.max())
    log_z += np.log(p.mean()) + log_w.max()
    nearest = ((x[:, None] - means[None]) ** 2).sum(-1).argmin(1)
    return log_z, np.bincount(nearest, p, len(weights)) / p.sum()


def seconds():
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def timed(work, repeats):
    times, results = [], []
    for seed in range(1, repeats + 1):
        start = seconds()
        results.append(work(seed))
        times.append(seconds() - start)
    return min(times), results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lehr", default=os.path.join(ROOT, "build/release/apps/lehr/lehr"))
    parser.add_argument("--particles", type=int, default=100000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    path = os.path.join(ROOT, "data/mixtures/four_modes.json")
    problem = json.load(open(path))
    exact = problem["exact"][0]

    def lehr(seed):
        command = [arguments.lehr, "diffusion", "compose", path, "--exponent", "2", "--particles", str(arguments.particles), "--steps",
                   str(arguments.steps), "--islands", "1", "--baseline", "false", "--threads", "1", "--seed", str(seed), "--json", "--quiet"]
        metrics = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["metrics"]
        return metrics["log_z"], metrics["tv"]

    def numpy(seed):
        log_z, masses = corrector(problem["mixture"], 2, arguments.particles, arguments.steps, seed)
        return log_z, 0.5 * np.abs(masses - exact["mode_masses"]).sum()

    own, own_results = timed(lehr, arguments.repeats)
    other, other_results = timed(numpy, arguments.repeats)
    print(f"{arguments.particles} particles, {arguments.steps} steps, exact log Z {exact['log_Z']:.4f}")
    for name, time, results in (("lehr", own, own_results), ("numpy", other, other_results)):
        print(f"{name:6} {time:8.2f} s   log Z {np.mean([z for z, _ in results]):8.4f}   mode masses' total variation "
              f"{np.mean([v for _, v in results]):.4f}")
    print(f"ratio (NumPy's time over Lehr's): {other / own:.1f}")


if __name__ == "__main__":
    main()
