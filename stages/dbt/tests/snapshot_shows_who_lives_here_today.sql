-- Contracts that run on the business date and are missing from its snapshot, and rows of the snapshot
-- whose contract does not run.
{% set runs %}c.is_cancelled = 0
  and c.is_active_lease = 1
  and c.movein_date <= curdate()
  and coalesce(c.moveout_date > curdate(), true){% endset %}
select c.tenant_id, c.room_id, 'missing' as fault
from {{ ref('int_contracts') }} c
left join {{ ref('tenant_room_snapshot_daily') }} s
    on s.snapshot_date = curdate()
   and s.tenant_id = c.tenant_id
   and s.apartment_id = c.apartment_id
   and s.room_id = c.room_id
where {{ runs }}
  and s.tenant_id is null
union all
select s.tenant_id, s.room_id, 'does not run'
from {{ ref('tenant_room_snapshot_daily') }} s
left join {{ ref('int_contracts') }} c
    on c.moving_id = s.moving_id
   and {{ runs }}
where s.snapshot_date = curdate()
  and c.moving_id is null
