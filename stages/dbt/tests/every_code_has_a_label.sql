-- Codes of the source that their seed does not know, by column, with the number of rows. Add the code
-- to the seed; a label of its own in a model would hide the next one.
{% set codes = [
    ('stg_tenants', 'gender_type', 'gender_label_ja'),
    ('stg_tenants', 'personal_identity', 'personal_identity_label_ja'),
    ('stg_tenants', 'affiliation_type', 'affiliation_type_label_ja'),
    ('stg_tenants', 'status', 'status_label_ja'),
    ('stg_tenants', 'contract_type', 'contract_type_label_ja'),
    ('stg_tenants', 'reason_moveout', 'reason_moveout_label_ja'),
    ('stg_rooms', 'gender_type', 'gender_label_ja'),
    ('stg_movings', 'contract_type', 'contract_type_label_ja'),
] %}
{% for view, code, label in codes -%}
select '{{ view }}.{{ code }}' as code_column, cast({{ code }} as char) as code, count(*) as found
from {{ ref(view) }}
where {{ code }} is not null and {{ label }} is null
group by {{ code }}
union all
{% endfor -%}
select 'stg_movings.tenant_contract_type', cast(m.tenant_contract_type as char), count(*)
from {{ ref('stg_movings') }} m
left join {{ ref('code_contract_type') }} c on c.code = m.tenant_contract_type
where m.tenant_contract_type is not null and c.code is null
group by m.tenant_contract_type
union all
-- What is no number at all is NULL in the view.
select 'tenants.personal_identity', cast(min(t.personal_identity) as char), count(*)
from {{ source('staging', 'tenants') }} t
where {{ text_or_null('t.personal_identity') }} is not null
  and {{ code_in_text('t.personal_identity') }} is null
having count(*) > 0
