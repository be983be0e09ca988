# The student on tiles of large photographs.
_base_ = [
    '_base_/gfl_r18.py', '../_base_/datasets/coco_tiles.py', '../_base_/schedules/48e.py',
    '../_base_/default_runtime.py'
]
