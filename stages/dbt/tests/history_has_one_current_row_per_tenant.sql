-- Tenants with no current row, with several, or with one that is closed.
select tenant_id, sum(is_current) as current_rows
from {{ ref('tenant_status_history') }}
group by tenant_id
having sum(is_current) <> 1
    or sum(case when is_current = 1 and valid_to is not null then 1 else 0 end) > 0
    or sum(case when is_current = 0 and valid_to is null then 1 else 0 end) > 0
