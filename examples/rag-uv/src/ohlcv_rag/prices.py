"""Open, high, low, close and volume, day by day, and what they say in words."""

import os
from pathlib import Path

import pandas as pd

COLUMNS = ["ticker", "day", "open", "high", "low", "close", "volume"]

SAMPLE = pd.DataFrame(
    [
        ("AAA", "2024-05-02", 10.0, 11.2, 9.8, 11.0, 120_000),
        ("AAA", "2024-05-03", 11.0, 11.1, 10.1, 10.2, 90_000),
        ("BBB", "2024-05-02", 50.0, 50.4, 49.1, 49.5, 30_000),
        ("BBB", "2024-05-03", 49.5, 56.0, 49.5, 55.8, 260_000),
    ],
    columns=COLUMNS,
)


def load():
    """The prices in the folder of the data, else a few to try it with."""
    files = sorted(Path(os.environ.get("DATA_FOLDER", "data")).glob("*.csv"))
    return pd.concat([pd.read_csv(file) for file in files]) if files else SAMPLE


def sentences(frame):
    """A sentence for each day of each ticker."""
    change = (frame["close"] / frame["open"] - 1) * 100
    for row, moved in zip(frame.itertuples(), change):
        way = "rose" if moved > 0 else "fell"
        yield f"On {row.day} {row.ticker} {way} by {abs(moved):.1f} % with a volume of {row.volume}."
