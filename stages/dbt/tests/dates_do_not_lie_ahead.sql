-- What has happened has a date up to the business date; only plans may lie ahead.
{% set dates = [
    ('stg_apartments', 'apartment_id', ['created_at', 'updated_at']),
    ('stg_rooms', 'room_id', ['created_at', 'updated_at']),
    ('stg_tenants', 'tenant_id', ['birth_date', 'created_at', 'updated_at']),
    ('stg_movings', 'moving_id', ['contract_signed_at', 'moveout_receipt_date', 'created_at', 'updated_at']),
    ('stg_inquiries', 'inquiry_id', ['inquired_at', 'created_at', 'updated_at']),
    ('tenant_status_history', 'tenant_id', ['valid_from']),
    ('tenant_room_snapshot_daily', 'tenant_id', ['snapshot_date']),
] %}
{% for model, key, columns in dates -%}
select '{{ model }}' as model, {{ key }} as row_id
from {{ ref(model) }}
where {% for column in columns %}{{ column }} >= date_add(curdate(), interval 1 day){% if not loop.last %} or {% endif %}{% endfor %}
{% if not loop.last %}union all{% endif %}
{% endfor %}
