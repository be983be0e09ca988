"""Results as files."""
from .csv_table import write_table
from .folder import OutputFolder, write_map
from .jsonl import JsonLines, read_lines
from .overlay import draw_overlay

__all__ = ['JsonLines', 'OutputFolder', 'draw_overlay', 'read_lines', 'write_map', 'write_table']
