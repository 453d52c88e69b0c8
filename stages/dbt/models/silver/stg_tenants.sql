-- One row a tenant: dirt becomes NULL, codes get their label from the seed. Age is left out: the
-- source wrote it once and never again, and birth_date tells it.
{% set no_value = ['', '--', 'NULL', 'null'] %}
{% set no_name = ['', '--', 'NULL', 'null', '*'] %}
select
    t.id as tenant_id,
{%- for column in ['last_name', 'first_name', 'full_name', 'full_name_kana'] %}
    {% for text in no_name %}nullif({% endfor %}trim(t.{{ column }}){% for text in no_name %}, '{{ text }}'){% endfor %} as {{ column }},
{%- endfor %}
    t.gender_type,
{%- for column in ['birth_date', 'first_movein_date', 'renewal_movein_date', 'renewal_deadline_date'] %}
    if(t.{{ column }} < '1000-01-01', null, t.{{ column }}) as {{ column }},
{%- endfor %}
    t.m_nationality_id,
    -- m_nationalities is empty on some days, then the text of the tenant counts. Lesotho is a
    -- placeholder.
    coalesce(
        nullif(n.nationality_name, 'レソト'),
        nullif({% for text in no_value %}nullif({% endfor %}trim(t.nationality){% for text in no_value %}, '{{ text }}'){% endfor %}, 'レソト')
    ) as nationality,
    cast({% for text in no_value %}nullif({% endfor %}trim(t.personal_identity){% for text in no_value %}, '{{ text }}'){% endfor %} as unsigned) as personal_identity,
{%- for column in ['affiliation', 'corporate_name'] %}
    {% for text in no_value %}nullif({% endfor %}trim(t.{{ column }}){% for text in no_value %}, '{{ text }}'){% endfor %} as {{ column }},
{%- endfor %}
    t.affiliation_type,
    t.affiliation_status,
    t.status,
    s.label_ja as status_label_ja,
    s.label_en as status_label_en,
    s.is_active_lease,
    t.contract_type,
    t.agreement_type,
    t.reason_moveout,
    t.is_transferred,
    t.is_renewal_ng,
    t.is_paysle_unpaid,
    t.renewal_priority,
    t.moving_id as current_moving_id,
    t.created_at,
    t.updated_at
from {{ source('staging', 'tenants') }} t
left join {{ ref('code_tenant_status') }} s on s.code = t.status
left join {{ source('staging', 'm_nationalities') }} n on n.id = t.m_nationality_id
