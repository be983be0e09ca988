# The teacher's features are computed in every epoch.
_base_ = './rd4ad_r18_20e_mvtec.py'
model = dict(cache_features=False)
