"""pandas reading a CSV file, on several threads with either engine."""

import pandas as pd

from serve import serve

PATHS = dict(
    pandas={},
    pyarrow=dict(engine="pyarrow"),
)


def run(path, engine):
    frame = pd.read_csv(path, **PATHS[engine])
    return dict(rows=len(frame), columns=len(frame.columns))


def write(path, engine, to):
    """The numeric columns one after the other, for the other side to compare."""
    frame = pd.read_csv(path, **PATHS[engine])
    frame.drop(columns="time").to_numpy().T.astype("<f8").tofile(to)


serve(run=run, write=write)
