"""Benchmarks are scripts: their folder goes on the path for the tests."""
import sys

from helpers import ROOT

sys.path.insert(0, str(ROOT / 'benchmarks'))
