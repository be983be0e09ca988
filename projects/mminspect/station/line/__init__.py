"""The running line: the worker that owns the model, cameras, and everybody who watches."""
