-- Tenants without a current row that says the same as the source.
{% set tracked = ['status', 'contract_type', 'affiliation_status', 'is_transferred', 'is_renewal_ng',
                  'is_paysle_unpaid', 'renewal_priority', 'agreement_type'] %}
select t.tenant_id
from {{ ref('stg_tenants') }} t
left join {{ ref('tenant_status_history') }} h
    on h.tenant_id = t.tenant_id
   and h.is_current = 1
{%- for column in tracked %}
   and h.{{ column }} <=> t.{{ column }}
{%- endfor %}
where h.tenant_id is null
