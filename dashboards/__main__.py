"""Writes the dashboards to a folder, for example to look at them in a Grafana of one's own."""

import argparse
import sys
from pathlib import Path

from dashboards import all_dashboards


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; made if it is not there")
    parser.add_argument("--runbooks", help="address of the folder of runbooks")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, text in all_dashboards(runbooks=arguments.runbooks).items():
        path = arguments.folder / name
        path.write_text(text)
        sys.stdout.write(f"{path}\n")


_main()
