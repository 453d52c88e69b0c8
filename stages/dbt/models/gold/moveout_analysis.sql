-- The finished contracts with the bands that they are analysed by.
{{ config(indexes=[
    {'columns': ['moving_id'], 'unique': true},
    {'columns': ['moveout_month', 'tenant_type']}
]) }}
select
    m.moving_id,
    m.tenant_id,
    m.apartment_id,
    m.room_id,
    m.tenant_type,
    m.is_corporate,
    m.moveout_date,
    date_sub(m.moveout_date, interval dayofmonth(m.moveout_date) - 1 day) as moveout_month,
    m.rent,
    {{ band('m.rent', [30000, 40000, 50000, 60000, 70000, 80000]) }} as rent_band,
    m.age_at_moveout,
    {{ band('m.age_at_moveout', [20, 25, 30, 35, 40, 50]) }} as age_band,
    m.stay_days,
    m.tenure_months,
    {{ band('m.tenure_months', [1, 3, 6, 12, 24, 36]) }} as tenure_band,
    m.notice_days,
    m.moveout_fee,
    m.reason_moveout,
    m.reason_moveout_label_ja,
    m.reason_moveout_label_en,
    m.gender_type,
    m.gender_label_ja,
    m.gender_label_en,
    m.nationality
from (
    select o.*, timestampdiff(month, o.movein_date, o.moveout_date) as tenure_months
    from {{ ref('moveouts') }} o
) m
