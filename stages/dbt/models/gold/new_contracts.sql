-- One row a signed contract, up to the business date.
{{ config(indexes=[
    {'columns': ['moving_id'], 'unique': true},
    {'columns': ['contract_signed_date']}
]) }}
select
    c.moving_id,
    c.tenant_id,
    c.apartment_id,
    c.room_id,
    c.asset_id,
    c.apartment_name,
    c.room_number,
    c.latitude,
    c.longitude,
    c.contract_type,
    c.contract_type_label_ja,
    c.contract_type_label_en,
    c.tenant_type,
    c.is_corporate,
    c.is_renewal,
    c.applied_at,
    c.contract_signed_at,
    date(c.contract_signed_at) as contract_signed_date,
    c.movein_date,
    datediff(c.movein_date, date(c.contract_signed_at)) as days_to_movein,
    c.expiration_date,
    c.rent,
    c.condo_fee,
    c.gender_type,
    c.gender_label_ja,
    c.gender_label_en,
    timestampdiff(year, c.birth_date, date(c.contract_signed_at)) as age_at_signing,
    c.nationality,
    c.affiliation_type,
    c.affiliation_type_label_ja,
    c.affiliation_type_label_en
from {{ ref('int_contracts') }} c
where c.is_cancelled = 0
  and date(c.contract_signed_at) between '{{ var("min_valid_date") }}' and curdate()
