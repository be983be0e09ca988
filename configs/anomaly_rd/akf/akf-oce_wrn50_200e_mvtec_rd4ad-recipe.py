# AKF under RD4AD's recipe.
_base_ = '../rd4ad/rd4ad_wrn50_200e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(type='AKF')))
