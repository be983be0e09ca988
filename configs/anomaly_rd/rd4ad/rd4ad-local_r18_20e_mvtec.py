_base_ = './rd4ad_r18_20e_mvtec.py'
model = dict(loss=dict(mode='local'))
