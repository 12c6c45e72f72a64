"""The SMA(10, 50) cross in vectorbt, whole. Words: file of columns, rows, engine, and "once" to run it cold and end."""

import json
import sys

import numpy as np
import pandas as pd
import vectorbt as vbt

from serve import peak_memory_mb, read_column, serve

path, rows, engine = sys.argv[1], int(sys.argv[2]), sys.argv[3]
vbt.settings["engine"] = engine
times = read_column(path, rows, 0)
close = pd.Series(read_column(path, rows, 4), index=pd.to_datetime(times.astype(np.int64), unit="ms"))


def run():
    fast, slow = vbt.MA.run(close, 10), vbt.MA.run(close, 50)
    portfolio = vbt.Portfolio.from_signals(
        close,
        fast.ma_crossed_above(slow),
        fast.ma_crossed_below(slow),
        init_cash=100_000,
        fees=0.00001,
        freq="1min",
    )
    return dict(
        trades=len(portfolio.trades.records),
        orders=len(portfolio.orders.records),
        finalEquity=float(portfolio.value().iloc[-1]),
        maxDrawdown=float(-portfolio.max_drawdown()),
        sharpe=float(portfolio.sharpe_ratio()),
    )


if sys.argv[4:] == ["once"]:
    print(json.dumps(dict(run(), peakMemoryMb=peak_memory_mb())))
else:
    serve(run=run)
