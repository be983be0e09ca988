"""What the station keeps: records of pictures, models, and thresholds."""
