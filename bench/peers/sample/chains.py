#!/usr/bin/python3
"""Effective samples per second of HMC and random-walk Metropolis: Lehr beside the same algorithm in NumPy.

    cmake --preset release -DLEHR_BENCH=ON && cmake --build --preset release --target sample_chains
    /usr/bin/python3 bench/peers/sample/chains.py build/release/bench/sample_chains

Both sides run on one thread, with the same target, the same fixed step, 1 to 31 leapfrog steps, and the identity as metric;
processor time counts, so that a busy machine matters little. NumPy runs as one chain, and as four chains in one array. Effective sample sizes of both
come from the same estimator (split chains, Geyer's initial monotone sequence), the smallest over the coordinates.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np


def effective_sample_size(draws):
    """draws: chains x iterations of one coordinate."""
    half = draws.shape[1] // 2
    x = np.concatenate([draws[:, :half], draws[:, -half:]])
    m, n = x.shape
    centered = x - x.mean(axis=1, keepdims=True)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centered, size)
    autocovariance = np.fft.irfft(spectrum * spectrum.conj(), size)[:, :n].mean(axis=0) / n
    within = autocovariance[0] * n / (n - 1)
    pooled = within * (n - 1) / n + x.mean(axis=1).var(ddof=1)
    rho = 1 - (within - autocovariance) / pooled
    rho[0] = 1
    total, before = 0.0, np.inf
    for lag in range(0, n - 1, 2):
        pair = min(before, rho[lag] + rho[lag + 1])
        if pair <= 0:
            break
        total += pair
        before = pair
    return m * n / max(2 * total - 1, 1 / np.log10(m * n))


class Gaussian:
    def __init__(self):
        sd = 0.5 + 1.5 * np.arange(100) / 99
        index = np.arange(100)
        covariance = np.outer(sd, sd) * 0.5 ** np.abs(index[:, None] - index)
        self.precision = np.linalg.inv(covariance)
        self.dimension = 100

    def value(self, x):
        return -0.5 * np.sum((x @ self.precision) * x, axis=-1)

    def gradient(self, x):
        product = x @ self.precision
        return -0.5 * np.sum(product * x, axis=-1), -product


class Schools:
    """mu, log tau, eta_1 .. eta_8; theta = mu + tau eta."""

    y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
    variance = np.array([15.0, 10, 16, 11, 9, 11, 10, 18]) ** 2
    dimension = 10

    def value(self, u):
        mu, tau, eta = u[..., 0], np.exp(u[..., 1]), u[..., 2:]
        rest = self.y - mu[..., None] - tau[..., None] * eta
        return (-mu * mu / 50 - np.log1p(tau * tau / 25) + u[..., 1] - 0.5 * np.sum(eta * eta, axis=-1)
                - 0.5 * np.sum(rest * rest / self.variance, axis=-1))

    def gradient(self, u):
        mu, tau, eta = u[..., 0], np.exp(u[..., 1]), u[..., 2:]
        rest = self.y - mu[..., None] - tau[..., None] * eta
        pull = rest / self.variance
        squared = tau * tau / 25
        value = (-mu * mu / 50 - np.log1p(squared) + u[..., 1] - 0.5 * np.sum(eta * eta, axis=-1)
                 - 0.5 * np.sum(rest * pull, axis=-1))
        gradient = np.empty_like(u)
        gradient[..., 0] = -mu / 25 + pull.sum(axis=-1)
        gradient[..., 1] = -2 * squared / (1 + squared) + 1 + tau * np.sum(pull * eta, axis=-1)
        gradient[..., 2:] = -eta + tau[..., None] * pull
        return value, gradient


def random_walk(target, step, iterations, shape, random):
    x = np.zeros(shape)
    log_density = target.value(x)
    draws = np.empty((iterations,) + shape)
    for t in range(iterations):
        proposal = x + step * random.standard_normal(shape)
        proposed = target.value(proposal)
        accept = np.log(random.random(shape[:-1])) < proposed - log_density
        x = np.where(accept[..., None], proposal, x)
        log_density = np.where(accept, proposed, log_density)
        draws[t] = x
    return draws


def hmc(target, step, iterations, shape, random):
    x = np.zeros(shape)
    log_density, gradient = target.gradient(x)
    draws = np.empty((iterations,) + shape)
    for t in range(iterations):
        momentum = random.standard_normal(shape)
        before = log_density - 0.5 * np.sum(momentum * momentum, axis=-1)
        new_x, new_gradient = x, gradient
        momentum = momentum + 0.5 * step * new_gradient
        length = random.integers(1, 32)
        for l in range(length):
            new_x = new_x + step * momentum
            new_log_density, new_gradient = target.gradient(new_x)
            momentum = momentum + (step if l < length - 1 else 0.5 * step) * new_gradient
        after = new_log_density - 0.5 * np.sum(momentum * momentum, axis=-1)
        accept = np.log(random.random(shape[:-1])) < after - before
        x = np.where(accept[..., None], new_x, x)
        gradient = np.where(accept[..., None], new_gradient, gradient)
        log_density = np.where(accept, new_log_density, log_density)
        draws[t] = x
    return draws


def least_ess(draws):
    """draws: iterations x chains x d."""
    return min(effective_sample_size(draws[:, :, i].T) for i in range(draws.shape[2]))


def lehr(program, name, kernel, step, iterations, dimension):
    with tempfile.NamedTemporaryFile() as file:
        words = [program, name, kernel, str(step), str(iterations), "4", file.name]
        answer = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        draws = np.fromfile(file.name).reshape(4, iterations, dimension).swapaxes(0, 1)
    return answer, draws


def mean_error(draws):
    """Means and their standard errors."""
    ess = np.array([effective_sample_size(draws[:, :, i].T) for i in range(draws.shape[2])])
    flat = draws.reshape(-1, draws.shape[2])
    return flat.mean(axis=0), flat.std(axis=0, ddof=1) / np.sqrt(ess)


def main():
    program = sys.argv[1]
    random = np.random.default_rng(1)
    for name, target in (("gaussian", Gaussian()), ("schools", Schools())):
        for kernel, function, ours, theirs in (("hmc", hmc, 10000, 1500), ("random_walk", random_walk, 200000, 30000)):
            step = lehr(program, name, kernel, 0, 4, target.dimension)[0]["step"]
            ratios, line = [], ""
            for _ in range(3):  # side by side, three times
                answer, draws = lehr(program, name, kernel, step, ours, target.dimension)
                rate = least_ess(draws[::4] if kernel == "random_walk" else draws) / answer["seconds"]
                rates = []
                for shape in ((1, target.dimension), (4, target.dimension)):
                    begin = time.process_time()
                    other = function(target, step, theirs, shape, random)
                    seconds = time.process_time() - begin
                    rates.append(least_ess(other) / seconds)
                ratios.append([rate / other_rate for other_rate in rates])
                mean, error = mean_error(draws)
                other_mean, other_error = mean_error(other)
                z = np.max(np.abs(mean - other_mean) / np.hypot(error, other_error))
                line = (f"ESS/s {rate:.0f} against {rates[0]:.0f} and {rates[1]:.0f}; "
                        f"means differ by at most {z:.1f} standard errors")
            one, four = np.median(ratios, axis=0)
            print(f"{name:9s} {kernel:12s} {one:5.1f} times one chain, {four:5.1f} times four in an array   {line}", flush=True)


main()
