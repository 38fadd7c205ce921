"""A worker in Python: answers JSON lines with the model y = exp(0.2 a + 0.3 b).

    lehr sample expect --worker "python3 worker.py" --law law.toml
"""
import json
import math
import sys


def answer(item):
    return {"y": math.exp(sum(c * x for c, x in zip((0.2, 0.3), item["x"])))}


for line in sys.stdin:
    question = json.loads(line)
    if "items" in question:
        reply = {"items": [answer(item) for item in question["items"]]}
    else:
        reply = answer(question)
    print(json.dumps({"id": question["id"], **reply}), flush=True)
