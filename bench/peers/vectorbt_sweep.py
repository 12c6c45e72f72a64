"""Every pair of two SMA periods on several instruments in vectorbt.

Words: file of closes (one instrument after the other), rows, instruments, longest period, engine.
"""

import sys

import numpy as np
import pandas as pd
import vectorbt as vbt

from serve import serve

path, rows, instruments, period_max, engine = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
vbt.settings["engine"] = engine
close = pd.DataFrame(
    np.fromfile(path, dtype="<f8").reshape(instruments, rows).T.copy(),
    index=pd.date_range("1970-01-01", periods=rows, freq="1D"),
)


def run():
    fast, slow = vbt.MA.run_combs(close, window=np.arange(2, period_max + 1), r=2, short_names=["fast", "slow"])
    portfolio = vbt.Portfolio.from_signals(
        close, fast.ma_crossed_above(slow), fast.ma_crossed_below(slow), init_cash=100, fees=0.001, freq="1D"
    )
    returns = portfolio.total_return()
    fast_period, slow_period, instrument = returns.idxmax()
    return dict(
        runs=len(returns),
        fast=int(fast_period),
        slow=int(slow_period),
        instrument=int(instrument),
        totalReturn=float(returns.max()),
    )


serve(run=run)
