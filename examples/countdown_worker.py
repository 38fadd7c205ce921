#!/usr/bin/env python3
"""A worker for `lehr sample epf`: countdown arithmetic, "25 50 75 100 3 6 -> 952".

    lehr sample epf --worker "python3 examples/countdown_worker.py" --input puzzle.txt --particles 200

It proposes a step of the calculation after the prefix that it is given, and scores how near the prefix has come. In place of
these few lines stands your own model: anything that can propose a next step and judge an unfinished sequence.
"""
import itertools
import json
import math
import random
import sys


def numbers_after(item):
    """The target, and the numbers that are left after the steps of the prefix ("75 * 3 = 225")."""
    numbers, target = item["input"].split("->")
    left = [int(number) for number in numbers.split()]
    for step in item["prefix"]:
        calculation, result = step.split("=")
        first, _, second = calculation.split()
        left.remove(int(first))
        left.remove(int(second))
        left.append(int(result))
    return int(target), left


def step(item):
    target, left = numbers_after(item)
    legal = []
    for a, b in itertools.combinations(sorted(left, reverse=True), 2):
        legal += [(f"{a} + {b}", a + b), (f"{a} * {b}", a * b)]
        legal += [(f"{a} - {b}", a - b)] if a > b else []
        legal += [(f"{a} / {b}", a // b)] if a % b == 0 else []
    calculation, result = random.Random(item["seed"]).choice(legal)
    return {"step": f"{calculation} = {result}", "done": result == target or len(left) == 2, "key": str(result)}


def score(item):
    target, left = numbers_after(item)
    return {"score": math.exp(-min(abs(number - target) for number in left) / 10)}


for line in sys.stdin:
    question = json.loads(line)
    answer = step if question["op"] == "step" else score
    reply = {"items": [answer(i) for i in question["items"]]} if "items" in question else answer(question)
    print(json.dumps(reply), flush=True)
