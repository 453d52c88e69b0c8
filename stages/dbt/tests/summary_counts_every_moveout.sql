-- Months and kinds of tenant whose bands do not add up to their move-outs.
select a.moveout_month, a.tenant_type, a.move_outs, s.move_outs as summed
from (
    select moveout_month, tenant_type, count(*) as move_outs
    from {{ ref('moveout_analysis') }}
    group by moveout_month, tenant_type
) a
left join (
    select moveout_month, tenant_type, sum(move_outs) as move_outs
    from {{ ref('moveout_summary') }}
    group by moveout_month, tenant_type
) s on s.moveout_month = a.moveout_month and s.tenant_type = a.tenant_type
where not (s.move_outs <=> a.move_outs)
union all
select min(m.moveout_date), 'analysis lacks move-outs', count(*), null
from {{ ref('moveouts') }} m
left join {{ ref('moveout_analysis') }} a on a.moving_id = m.moving_id
where a.moving_id is null
having count(*) > 0
