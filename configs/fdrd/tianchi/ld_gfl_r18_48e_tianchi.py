_base_ = './ckd_gfl_r18_48e_tianchi.py'
published = 'table5/ld'
model = dict(distillers=[dict(type='LocalizationKD')])
