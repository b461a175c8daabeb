"""Runs one program, and prints what it took as a line of JSON.

Usage: run.py [--limit-mib N] [--stdout FILE] [--stderr FILE] -- COMMAND…

A program of its own, and a small one: what the kernel calls the peak memory of a process is at least that of the process
that started it, and the one that fills a cluster is large.
"""

import argparse
import json
import os
import resource
import subprocess
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit-mib", type=int)
    parser.add_argument("--stdout", default=os.devnull)
    parser.add_argument("--stderr", default=os.devnull)
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    env = dict(os.environ)
    if args.limit_mib:
        # Memory of its own, as tests/support/limited.rs limits it: an allocation beyond it ends the program, as surely
        # as the limit of a container. One heap, as in the image.
        limit = args.limit_mib << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        env["MALLOC_ARENA_MAX"] = "1"
    with open(args.stdout, "wb") as stdout, open(args.stderr, "wb") as stderr:
        started = time.monotonic()
        process = subprocess.Popen(args.command, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    taken = {
        "status": process.returncode,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
