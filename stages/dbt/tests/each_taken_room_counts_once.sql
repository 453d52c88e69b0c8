-- Rooms that count for no tenant or for several on the business date.
select room_id, sum(is_room_primary) as counted
from {{ ref('tenant_room_snapshot_daily') }}
where snapshot_date = curdate()
group by room_id
having sum(is_room_primary) <> 1
