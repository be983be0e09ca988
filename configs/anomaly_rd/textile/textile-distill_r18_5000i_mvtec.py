# Judged by the map of the distillation instead of the head's.
_base_ = './textile_r18_5000i_mvtec.py'
model = dict(map='distill')
