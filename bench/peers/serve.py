"""The Python side of a bench: answers one JSON line on standard output for each on standard input."""

import json
import resource
import sys
import time

import numpy as np


def serve(**functions):
    """Calls the named functions as asked, and says what they returned, how long they took and the peak memory so far."""
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not mix with the answers
    for line in sys.stdin:
        request = json.loads(line)
        started = time.perf_counter()
        result = functions[request["call"]](**request["arguments"])
        milliseconds = (time.perf_counter() - started) * 1e3
        print(json.dumps(dict(result=result, ms=milliseconds, peakMemoryMb=peak_memory_mb())), file=out, flush=True)


def peak_memory_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_column(path, rows, index):
    """One of the columns of `read_columns`, and nothing else of the file."""
    return np.fromfile(path, dtype="<f8", count=rows, offset=8 * rows * index)


def read_columns(path, rows):
    """Time, open, high, low, close, volume: float64, one after the other."""
    return np.fromfile(path, dtype="<f8").reshape(6, rows)
