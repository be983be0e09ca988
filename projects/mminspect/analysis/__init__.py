"""What a model costs and what its runs have shown: FLOPs, parameters, latency, metrics, tables."""
