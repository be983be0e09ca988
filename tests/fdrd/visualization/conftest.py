"""Before a test module imports mmdet: mmcv's operators, and with them the registered components."""
import fdrd  # noqa: F401
