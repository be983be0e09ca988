"""Pixels: reading, resizing, tiling, boxes and regions."""
