-- One row a tenant: dirt becomes NULL, codes get their labels from the seeds. Age is left out: the
-- source wrote it once and never again, and birth_date tells it. Mail addresses, telephone and
-- account numbers are left out because no figure needs them.
{% set no_country = ['', '--', 'NULL', 'null', 'レソト'] %}
select
    t.id as tenant_id,
{%- for column in ['last_name', 'first_name', 'full_name', 'full_name_kana'] %}
    {{ name_or_null('t.' ~ column) }} as {{ column }},
{%- endfor %}
    t.gender_type,
    g.label_ja as gender_label_ja,
    g.label_en as gender_label_en,
{%- for column in ['birth_date', 'first_movein_date', 'renewal_movein_date', 'renewal_deadline_date'] %}
    {{ date_or_null('t.' ~ column) }} as {{ column }},
{%- endfor %}
    t.m_nationality_id,
    -- m_nationalities is empty on some days, then the text of the tenant counts. Lesotho is a
    -- placeholder.
    coalesce(
        {{ text_or_null('n.nationality_name', no_country) }},
        {{ text_or_null('t.nationality', no_country) }}
    ) as nationality,
    t.m_language_id_1 as language_id,
    {{ code_in_text('t.personal_identity') }} as personal_identity,
    p.label_ja as personal_identity_label_ja,
    p.label_en as personal_identity_label_en,
{%- for column in ['affiliation', 'corporate_name'] %}
    {{ text_or_null('t.' ~ column) }} as {{ column }},
{%- endfor %}
    t.affiliation_type,
    a.label_ja as affiliation_type_label_ja,
    a.label_en as affiliation_type_label_en,
    t.affiliation_status,
    t.status,
    s.label_ja as status_label_ja,
    s.label_en as status_label_en,
    s.is_active_lease,
    t.contract_type,
    c.label_ja as contract_type_label_ja,
    c.label_en as contract_type_label_en,
    c.tenant_type,
    t.agreement_type,
    t.reason_moveout,
    m.label_ja as reason_moveout_label_ja,
    m.label_en as reason_moveout_label_en,
    t.is_transferred,
    t.is_renewal_ng,
    t.is_paysle_unpaid,
    t.renewal_priority,
    t.media_id,
    t.moving_id as current_moving_id,
    t.under_contract_id,
    t.inquiry_id,
    t.created_at,
    t.updated_at
from {{ source('staging', 'tenants') }} t
left join {{ source('staging', 'm_nationalities') }} n on n.id = t.m_nationality_id
left join {{ ref('code_gender') }} g on g.code = t.gender_type
left join {{ ref('code_personal_identity') }} p on p.code = {{ code_in_text('t.personal_identity') }}
left join {{ ref('code_affiliation_type') }} a on a.code = t.affiliation_type
left join {{ ref('code_tenant_status') }} s on s.code = t.status
left join {{ ref('code_contract_type') }} c on c.code = t.contract_type
left join {{ ref('code_moveout_reason') }} m on m.code = t.reason_moveout
