"""The SMA(10, 50) cross in backtesting.py. Words: file of columns, rows."""

import os
import sys
import warnings

os.environ["TQDM_DISABLE"] = "1"  # no progress bar: it costs time

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import SMA

from serve import read_columns, serve

warnings.filterwarnings("ignore")
columns = read_columns(sys.argv[1], int(sys.argv[2]))
frame = pd.DataFrame(
    dict(zip(["Open", "High", "Low", "Close", "Volume"], columns[1:])),
    index=pd.to_datetime(columns[0].astype(np.int64), unit="ms"),
)


class SmaCross(Strategy):
    def init(self):
        self.fast = self.I(SMA, self.data.Close, 10)
        self.slow = self.I(SMA, self.data.Close, 50)

    def next(self):
        if crossover(self.fast, self.slow):
            self.buy()
        elif crossover(self.slow, self.fast):
            self.position.close()


def run():
    stats = Backtest(frame, SmaCross, cash=100_000, commission=0.00001).run()
    return dict(trades=int(stats["# Trades"]), finalEquity=float(stats["Equity Final [$]"]))


serve(run=run)
