"""Runs and what they show: jobs, records of runs, cost, latency, tables."""
