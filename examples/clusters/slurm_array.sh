#!/bin/sh
# Runs each shard of a plan as a task of a Slurm array.
#
# Usage: sbatch --array=0-99 slurm_array.sh DIR
#
# To run failed shards again, submit it with their numbers as --array. `metrics shards status DIR`
# lists them.
#SBATCH --job-name=metrics
#SBATCH --cpus-per-task=4
#SBATCH --requeue
set -eu
exec metrics shards run --shard "$SLURM_ARRAY_TASK_ID" --jobs "${SLURM_CPUS_PER_TASK:-1}" "$1"
