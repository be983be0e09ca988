"""Damaged and odd inputs of every kind that the project reads, with what is right for each: see ../mutations.py."""
