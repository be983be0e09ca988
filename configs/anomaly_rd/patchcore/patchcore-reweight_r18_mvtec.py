# Equation 7: the worst patch weighed by the neighbourhood of its nearest row.
_base_ = './patchcore_r18_mvtec.py'
model = dict(reweight=9)
