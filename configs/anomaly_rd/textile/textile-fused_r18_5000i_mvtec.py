# Product of both maps.
_base_ = './textile_r18_5000i_mvtec.py'
model = dict(map='fused')
