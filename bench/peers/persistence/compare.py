#!/usr/bin/env python3
"""Exact probabilities of long excursions by R's mvtnorm and by `lehr stats persist --exact`, the same orthants.

    bench/peers/persistence/compare.py [--lehr build/release/apps/lehr/lehr] [--points 40] [--nodes 24]

Needs R with mvtnorm (Debian: r-base-core r-cran-mvtnorm). The process is diffusion in the plane, R(t) = sech(t/2); the
question is P(X > 0 at `points` equidistant times of (0, t] | upcrossing at 0) for t of 1, 2 and 3 mean intervals. That is
an average over the Rayleigh slope of the upcrossing of an orthant probability: R integrates it by Gauss-Legendre nodes,
each a call of pmvnorm (Genz and Bretz) in C and Fortran; Lehr takes the slope as one more coordinate of its Sobol points,
and computes the orthant of every other point for its extrapolation too. One thread each, seconds of the processor, Lehr's
with its start. Errors differ, so the ratio is that of the times which each would need for the same standard error, if
errors fell as the square root of the time: time * error^2 over time * error^2 (pmvnorm reports 3.5 standard errors).
"""
import argparse
import json
import math
import resource
import subprocess
import sys

R_PROGRAM = r"""
suppressMessages(library(mvtnorm))
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
m <- arguments[1]; nodes <- arguments[2]; times <- arguments[-(1:2)]
R <- function(t) 1 / cosh(t / 2)
R1 <- function(t) -tanh(t / 2) / (2 * cosh(t / 2))
lambda2 <- 1 / 4
# Gauss-Legendre nodes on (0, 1) by Golub and Welsch.
k <- 1:(nodes - 1); b <- k / sqrt(4 * k^2 - 1)
J <- matrix(0, nodes, nodes); J[cbind(k, k + 1)] <- b; J[cbind(k + 1, k)] <- b
e <- eigen(J, symmetric = TRUE)
u <- (e$values + 1) / 2; w <- e$vectors[1, ]^2
for (t in times) {
  s <- t * (1:m) / m
  C <- outer(s, s, function(x, y) R(x - y) - R(x) * R(y) - R1(x) * R1(y) / lambda2)
  begin <- sum(proc.time()[1:2]); value <- 0; error <- 0
  for (i in seq_along(u)) {
    slope <- sqrt(-2 * log(u[i]))
    p <- pmvnorm(lower = R1(s) / sqrt(lambda2) * slope, sigma = C,
                 algorithm = GenzBretz(maxpts = 25000, abseps = 1e-4, releps = 0))
    value <- value + w[i] * p; error <- error + (w[i] * attr(p, "error"))^2
  }
  cat(sprintf("%.17g %.17g %.17g %.17g\n", t, value, sqrt(error) / 3.5, sum(proc.time()[1:2]) - begin))
}
"""


def run_peer(points, nodes, times):
    words = ["Rscript", "-e", R_PROGRAM, str(points), str(nodes), *map(repr, times)]
    finished = subprocess.run(words, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"Rscript failed: {finished.stderr.strip()}")
    return [tuple(map(float, line.split())) for line in finished.stdout.splitlines()]


def run_lehr(command, points, t):
    """P at the points, its standard error, and the processor seconds of the whole command."""
    words = [command, "stats", "persist", "--cov", "diffusion:d=2", "--n", "8", "--exact", str(points), "--qmc", "8192",
             "--times", repr(t), "--threads", "1", "--json", "--quiet"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(words, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    if finished.returncode != 0:
        sys.exit(f"{command} failed: {finished.stderr.strip()}")
    row = json.loads(finished.stdout)["exact"][0]
    return row["at_points"], row["at_points_error"], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--nodes", type=int, default=24)
    options = parser.parse_args()
    times = [k * 2 * math.pi for k in (1, 2, 3)]
    print(f"{'t':>8} {'mvtnorm':>20} {'s':>7} {'lehr':>20} {'s':>7} {'mvtnorm/lehr':>13}")
    for t, value, error, seconds in run_peer(options.points, options.nodes, times):
        own, own_error, own_seconds = run_lehr(options.lehr, options.points, t)
        ratio = seconds * error**2 / (own_seconds * own_error**2)
        print(f"{t:8.3f} {value:11.6f} +- {error:.0e} {seconds:7.2f} {own:11.6f} +- {own_error:.0e} {own_seconds:7.2f} "
              f"{ratio:13.1f}")


if __name__ == "__main__":
    main()
