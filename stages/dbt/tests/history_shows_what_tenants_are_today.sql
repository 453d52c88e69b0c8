-- Tenants whose current row is missing or says something else than the source.
select t.tenant_id
from {{ ref('stg_tenants') }} t
left join {{ ref('tenant_status_history') }} h on h.tenant_id = t.tenant_id and h.is_current = 1
where h.tenant_id is null
{%- for column in ['status', 'contract_type', 'affiliation_status', 'is_transferred', 'is_renewal_ng',
                   'is_paysle_unpaid', 'renewal_priority', 'agreement_type'] %}
   or not (h.{{ column }} <=> t.{{ column }})
{%- endfor %}
