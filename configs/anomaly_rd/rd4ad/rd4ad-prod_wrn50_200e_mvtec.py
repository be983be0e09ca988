# Maps of the levels multiplied instead of summed.
_base_ = './rd4ad_wrn50_200e_mvtec.py'
model = dict(map_head=dict(fusion='prod'))
