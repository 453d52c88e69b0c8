-- Tenants whose current contract is another tenant's.
select t.tenant_id, t.current_moving_id, m.tenant_id as contract_of
from {{ ref('stg_tenants') }} t
inner join {{ ref('stg_movings') }} m on m.moving_id = t.current_moving_id
where m.tenant_id <> t.tenant_id
