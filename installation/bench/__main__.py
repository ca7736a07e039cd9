"""``python -m installation.bench``: where the program is not installed, say on a borrowed GPU."""

import sys

from installation.bench.command import bench, options

if __name__ == "__main__":
    sys.exit(bench(options().parse_args()))
