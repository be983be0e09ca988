# Teacher of the row "ours": with semantic upsampling and SE.
_base_ = ['./teacher-plain_r18_320_16e_deeppcb.py', '../_base_/semantic_neck.py']
model = dict(neck=_base_.semantic_neck)
