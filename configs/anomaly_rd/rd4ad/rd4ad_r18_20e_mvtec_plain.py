# Without the measures for speed: float32, images decoded and features computed in every epoch.
_base_ = './rd4ad_r18_20e_mvtec_uncached.py'
optim_wrapper = dict(type='OptimWrapper')
train_dataloader = dict(dataset=dict(cache=False))
