# Blocks counted as in the teacher, which is how the paper can be read.
_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(decoder=dict(blocks=(6, 4, 3)))
