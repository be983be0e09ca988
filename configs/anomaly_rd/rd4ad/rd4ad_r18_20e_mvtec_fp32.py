# In float32.
_base_ = './rd4ad_r18_20e_mvtec.py'
optim_wrapper = dict(type='OptimWrapper')
model = dict(cache_dtype='float32')
