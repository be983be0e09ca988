_base_ = '../rd4ad/rd4ad_r18_20e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(type='AKF')))
