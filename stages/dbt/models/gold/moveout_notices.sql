-- One row a contract whose tenant gave notice within the last months. A run writes the rows of the
-- window anew; the hook removes what is in it no longer: notices that grew too old, and those that
-- the source has taken back, cancelled or repeated in a newer row since.
{% set from_day = 'date_sub(curdate(), interval ' ~ var('moveout_notice_window_months') ~ ' month)' %}
{{ config(
    materialized='incremental',
    unique_key='moving_id',
    indexes=[
        {'columns': ['moving_id'], 'unique': true},
        {'columns': ['moveout_receipt_date']},
        {'columns': ['moveout_date']}
    ],
    post_hook="delete from {{ this }} where not exists (select 1 from {{ ref('int_contracts') }} c where c.moving_id = {{ this.identifier }}.moving_id and c.is_cancelled = 0 and c.moveout_receipt_date between date_sub(curdate(), interval {{ var('moveout_notice_window_months') }} month) and curdate())"
) }}
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
    c.movein_date,
    c.moveout_receipt_date,
    c.moveout_date,
    c.notice_days,
    case when c.moveout_date <= curdate() then 1 else 0 end as has_moved_out,
    c.rent,
    c.reason_moveout,
    c.reason_moveout_label_ja,
    c.reason_moveout_label_en,
    c.nationality
from {{ ref('int_contracts') }} c
where c.is_cancelled = 0
  and c.moveout_receipt_date between {{ from_day }} and curdate()
