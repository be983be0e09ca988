_base_ = './rd4ad_r18_20e_mvtec.py'
model = dict(map_head=dict(fusion='prod'))
