# The teacher: GFL-R50 with semantic upsampling in the FPN and SE behind its outputs.
_base_ = ['./gfl_r50.py', './semantic_neck.py']
model = dict(neck=_base_.semantic_neck)
