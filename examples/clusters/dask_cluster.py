"""Runs all shards of a plan on a Dask cluster of this machine.

Usage: python dask_cluster.py DIR SHARDS
"""

import os
import sys

from distributed import Client, LocalCluster, as_completed

from metrics import scan_shard

if __name__ == "__main__":
    plan, shards = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    # For another cluster: Client("tcp://scheduler:8786").
    with LocalCluster(n_workers=2, dashboard_address=":0") as cluster, Client(cluster) as client:
        tasks = client.map(scan_shard, [plan] * shards, range(shards), pure=False, retries=2)
        for task in as_completed(tasks):
            print(task.result())
