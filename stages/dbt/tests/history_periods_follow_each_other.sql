-- Closed periods that are empty, or that do not end where the next one of the tenant begins.
select tenant_id, valid_from
from (
    select
        tenant_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by tenant_id order by valid_from) as next_from
    from {{ ref('tenant_status_history') }}
) periods
where valid_to <= valid_from
   or not (valid_to <=> next_from)
