"""Runs all shards of a plan on a Dask cluster of this machine.

Usage: python dask_cluster.py DIR
"""

import sys

from distributed import Client, LocalCluster, as_completed

from metrics import scan_shard

SHARDS = 4

if __name__ == "__main__":
    plan = sys.argv[1]
    # For another cluster: Client("tcp://scheduler:8786").
    with LocalCluster(n_workers=2, dashboard_address=":0") as cluster, Client(cluster) as client:
        tasks = client.map(scan_shard, [plan] * SHARDS, range(SHARDS), pure=False, retries=2)
        for task in as_completed(tasks):
            print(task.result())
