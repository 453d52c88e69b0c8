-- One row a finished contract, up to the business date. Plans for later days are no move-outs.
{{ config(indexes=[
    {'columns': ['moving_id'], 'unique': true},
    {'columns': ['moveout_date']}
]) }}
select
    c.moving_id,
    c.tenant_id,
    c.apartment_id,
    c.room_id,
    c.asset_id,
    c.apartment_name,
    c.room_number,
    c.contract_type,
    c.contract_type_label_ja,
    c.contract_type_label_en,
    c.tenant_type,
    c.is_corporate,
    c.contract_signed_at,
    c.movein_date,
    c.moveout_receipt_date,
    c.moveout_date,
    c.stay_days,
    c.notice_days,
    c.rent,
    c.moveout_fee,
    c.reason_moveout,
    c.reason_moveout_label_ja,
    c.reason_moveout_label_en,
    c.gender_type,
    c.gender_label_ja,
    c.gender_label_en,
    c.nationality,
    timestampdiff(year, c.birth_date, c.moveout_date) as age_at_moveout
from {{ ref('int_contracts') }} c
where c.is_cancelled = 0
  and c.moveout_date between '{{ var("min_valid_date") }}' and curdate()
