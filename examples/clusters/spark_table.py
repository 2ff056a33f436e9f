"""Measures the diagrams in a table of Spark: a row with its metrics for each row.

Usage: spark-submit spark_table.py TABLE OUT

TABLE is a Parquet file with the columns name (text) and content (binary).
"""

import json
import sys

import pandas as pd
from pyspark.sql import SparkSession

from metrics import scan


def measure(tables):
    """Measure the contents in tables; yields tables of names and payloads."""
    for table in tables:
        payloads = [
            json.dumps(scan(bytes(content), name=name).payload())
            for name, content in zip(table["name"], table["content"], strict=True)
        ]
        yield pd.DataFrame({"name": table["name"], "payload": payloads})


if __name__ == "__main__":
    source, target = sys.argv[1:]
    spark = SparkSession.builder.getOrCreate()
    diagrams = spark.read.parquet(source)
    measured = diagrams.mapInPandas(measure, "name string, payload string")
    measured.write.mode("overwrite").parquet(target)
