-- One row an inquiry. One without a usable date counts on the day on which it was written down.
select
    i.id as inquiry_id,
    i.tenant_id,
    coalesce({{ date_or_null('i.inquiry_date') }}, {{ date_or_null('i.created_at') }}) as inquired_at,
    i.created_at,
    i.updated_at
from {{ source('staging', 'inquiries') }} i
