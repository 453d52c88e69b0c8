-- Days on which daily_activity_summary counts otherwise than the tables with the single contracts.
select d.activity_date, d.tenant_type, d.contracts_signed, n.signed_contracts, d.move_outs, m.ended
from {{ ref('daily_activity_summary') }} d
left join (
    select contract_signed_date, tenant_type, count(*) as signed_contracts
    from {{ ref('new_contracts') }}
    group by contract_signed_date, tenant_type
) n on n.contract_signed_date = d.activity_date and n.tenant_type = d.tenant_type
left join (
    select moveout_date, tenant_type, count(*) as ended
    from {{ ref('moveouts') }}
    group by moveout_date, tenant_type
) m on m.moveout_date = d.activity_date and m.tenant_type = d.tenant_type
where d.contracts_signed <> coalesce(n.signed_contracts, 0)
   or d.move_outs <> coalesce(m.ended, 0)
   or d.net_occupancy_change <> d.move_ins - d.move_outs
