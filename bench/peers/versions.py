"""Prints the versions of the peers."""

from importlib.metadata import version

names = ["TA-Lib", "vectorbt", "vectorbt-rust", "backtesting", "pandas", "pyarrow", "numpy", "numba"]
print(", ".join(f"{name} {version(name)}" for name in names))
