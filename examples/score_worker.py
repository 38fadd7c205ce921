"""A score model in Python: the exact score of data/mixtures/wide3.json at x_t = a x_0 + s noise.

    lehr diffusion sample --worker.command "python3 examples/score_worker.py" --nfe 10
"""
import json
import math
import sys

MIXTURE = [(0.5, (1.5, 1.5), 0.25), (0.3, (-1.2, 1.0), 0.16), (0.2, (0.3, -1.6), 0.09)]


def score(x, a, s):
    terms = []  # log p(k, x), and the gradient of log p(x | k)
    for weight, mean, variance in MIXTURE:
        v = a * a * variance + s * s
        pull = [(a * m - y) / v for m, y in zip(mean, x)]
        terms.append((math.log(weight / v) - v * sum(p * p for p in pull) / 2, pull))
    largest = max(log for log, _ in terms)
    shares = [math.exp(log - largest) for log, _ in terms]
    return [sum(r * pull[j] for r, (_, pull) in zip(shares, terms)) / sum(shares) for j in range(len(x))]


for line in sys.stdin:
    question = json.loads(line)
    if question["op"] == "describe":
        reply = {"dimension": 2, "process": "vp-linear"}
    else:
        reply = {"score": [score(x, question["a"], question["s"]) for x in question["x"]]}
    print(json.dumps(reply), flush=True)
