# Maps multiplied.
_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(map_head=dict(fusion='prod'))
