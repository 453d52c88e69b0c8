-- What happened on which day, by kind of tenant. Built whole each day, because a correction of an old
-- contract changes an old day.
{{ config(indexes=[{'columns': ['activity_date', 'tenant_type'], 'unique': true}]) }}
{% set contract_events = [
    ('applications', 'date(c.applied_at)', 'true'),
    ('contracts_signed', 'date(c.contract_signed_at)', 'c.is_cancelled = 0'),
    ('move_ins', 'c.movein_date', 'c.is_cancelled = 0'),
    ('move_outs', 'c.moveout_date', 'c.is_cancelled = 0'),
] %}
select
    activity_date,
    tenant_type,
    cast(sum(inquiries) as signed) as inquiries,
    cast(sum(applications) as signed) as applications,
    cast(sum(contracts_signed) as signed) as contracts_signed,
    cast(sum(move_ins) as signed) as move_ins,
    cast(sum(move_outs) as signed) as move_outs,
    cast(sum(move_ins) - sum(move_outs) as signed) as net_occupancy_change
from (
    select
        date(i.inquired_at) as activity_date,
        coalesce(t.tenant_type, 'unknown') as tenant_type,
        1 as inquiries,
        {% for event, day, condition in contract_events %}0 as {{ event }}{% if not loop.last %}, {% endif %}{% endfor %}
    from {{ ref('stg_inquiries') }} i
    left join {{ ref('stg_tenants') }} t on t.tenant_id = i.tenant_id
{%- for event, day, condition in contract_events %}
    union all
    select {{ day }}, c.tenant_type, 0{% for other, d, k in contract_events %}, {{ 1 if other == event else 0 }}{% endfor %}
    from {{ ref('int_contracts') }} c
    where {{ condition }}
{%- endfor %}
) activities
where activity_date between '{{ var("min_valid_date") }}' and curdate()
group by activity_date, tenant_type
