# Table 4, none.
_base_ = '../distillers/ckd_gfl_r18_48e_medicine.py'
published = 'table4/none'
