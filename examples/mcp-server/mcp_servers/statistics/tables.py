"""Tables of statistics, kept as Parquet in memory or in a bucket."""

import io

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

POPULATION = pd.DataFrame(
    {
        "region": ["north", "south", "east", "west"],
        "year": [2020, 2020, 2021, 2021],
        "people": [5_200_000, 8_800_000, 6_100_000, 4_900_000],
    }
)


def parquet(frame):
    """The frame as a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame), buffer)
    return buffer.getvalue()


def search(word, most=10):
    """The rows whose region holds the word, through Parquet and back."""
    frame = pq.read_table(io.BytesIO(parquet(POPULATION))).to_pandas()
    found = frame[frame["region"].str.contains(word)]
    return found.head(most).to_dict("records")


def upload(bucket, key):
    """Puts the table into a bucket; credentials come from the environment."""
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=parquet(POPULATION))
