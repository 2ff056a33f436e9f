"""Runs all shards of a plan on a Ray cluster.

Usage: python ray_cluster.py DIR SHARDS
"""

import os
import sys

import ray

from metrics import scan_shard

if __name__ == "__main__":
    plan, shards = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    # Connects to the cluster that RAY_ADDRESS names, or starts one on this machine.
    ray.init()
    run = ray.remote(num_cpus=1, max_retries=3, retry_exceptions=True)(scan_shard)
    for result in ray.get([run.remote(plan, shard) for shard in range(shards)]):
        print(result)
