-- Each row of tenant_status_history beside the row of the tenant before it.
{{ config(indexes=[
    {'columns': ['tenant_id', 'effective_date'], 'unique': true},
    {'columns': ['effective_date']}
]) }}
{% set tracked = ['status', 'contract_type', 'affiliation_status', 'is_transferred', 'is_renewal_ng',
                  'is_paysle_unpaid', 'renewal_priority', 'agreement_type'] %}
select
    h.tenant_id,
    h.valid_from as effective_date,
    h.valid_to,
    h.is_current,
    h.previous_from as previous_effective_date,
    datediff(h.valid_from, h.previous_from) as days_in_previous,
{%- for column in tracked %}
    h.{{ column }},
    h.previous_{{ column }},
{%- endfor %}
    s.label_ja as status_label_ja,
    s.label_en as status_label_en,
    ps.label_ja as previous_status_label_ja,
    ps.label_en as previous_status_label_en,
    c.label_ja as contract_type_label_ja,
    c.label_en as contract_type_label_en,
    pc.label_ja as previous_contract_type_label_ja,
    pc.label_en as previous_contract_type_label_en,
    case when h.previous_from is null then 1 else 0 end as is_first,
    case when h.previous_from is not null and not (h.status <=> h.previous_status) then 1 else 0 end as is_status_change
from (
    select
        t.*,
        lag(t.valid_from) over (partition by t.tenant_id order by t.valid_from) as previous_from
    {%- for column in tracked %},
        lag(t.{{ column }}) over (partition by t.tenant_id order by t.valid_from) as previous_{{ column }}
    {%- endfor %}
    from {{ ref('tenant_status_history') }} t
) h
left join {{ ref('code_tenant_status') }} s on s.code = h.status
left join {{ ref('code_tenant_status') }} ps on ps.code = h.previous_status
left join {{ ref('code_contract_type') }} c on c.code = h.contract_type
left join {{ ref('code_contract_type') }} pc on pc.code = h.previous_contract_type
