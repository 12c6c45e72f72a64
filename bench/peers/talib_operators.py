"""TA-Lib's side of the operators. Words: file of columns, rows."""

import sys

import numpy as np
import talib

from serve import read_columns, serve

_, _, high, low, close, _ = read_columns(sys.argv[1], int(sys.argv[2]))

FUNCTIONS = {
    "sma": lambda: talib.SMA(close, 20),
    "ema": lambda: talib.EMA(close, 20),
    "rsi": lambda: talib.RSI(close, 14),
    "bollinger_bands": lambda: talib.BBANDS(close, 20, 2, 2, 0),
    "macd": lambda: talib.MACD(close, 12, 26, 9),
    "atr": lambda: talib.ATR(high, low, close, 14),
    "stochastic_oscillator": lambda: talib.STOCH(high, low, close, 14, 3, 0, 3, 0),
    "rolling_max": lambda: talib.MAX(close, 20),
}


def write(name, path):
    """The outputs one after the other, for the other side to compare."""
    result = FUNCTIONS[name]()
    np.concatenate(result if isinstance(result, tuple) else [result]).tofile(path)


def run(name):
    FUNCTIONS[name]()


serve(write=write, run=run)
