-- Who occupies what on the business date, one row a day, tenant, apartment and room. The source
-- overwrites contracts and states in place, so the rows of a day exist only in the dump of that day:
-- what is lost here cannot be built again.
--
-- A run appends the day on which the clock of the session stands. It changes no row that is there,
-- and adds nothing to a day that has rows already.
--
-- Several tenants can stand in one room: two who share it, and contracts that nobody closed. The
-- one who counts is the one whose current contract it is, then who moved in last, then the newest
-- contract.
{{ config(
    materialized='incremental',
    indexes=[
        {'columns': ['snapshot_date', 'tenant_id', 'apartment_id', 'room_id'], 'unique': true},
        {'columns': ['room_id', 'snapshot_date']},
        {'columns': ['apartment_id', 'snapshot_date']}
    ],
    meta={'protect': true}
) }}
select
    curdate() as snapshot_date,
    c.tenant_id,
    c.apartment_id,
    c.room_id,
    c.moving_id,
    c.tenant_status,
    c.contract_type,
    c.tenant_type,
    c.movein_date,
    c.moveout_date,
    c.rent,
    c.is_current_contract,
    case
        when row_number() over (
            partition by c.room_id
            order by c.is_current_contract desc, c.movein_date desc, c.moving_id desc
        ) = 1 then 1
        else 0
    end as is_room_primary
from {{ ref('int_contracts') }} c
where c.is_cancelled = 0
  and c.is_active_lease = 1
  and c.movein_date <= curdate()
  and (c.moveout_date is null or c.moveout_date > curdate())
{% if is_incremental() %}
  and not exists (select 1 from {{ this }} s where s.snapshot_date = curdate())
{% endif %}
