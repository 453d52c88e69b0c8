-- Slowly changing dimension, type 2. The source overwrites a tenant in place, so the row of a day
-- exists only in the dump of that day: what is lost here cannot be built again.
--
-- A run adds one row for each tenant whose tracked columns differ from the current row of the
-- tenant, valid from the business date (the clock of the session stands still on it). The hook then
-- closes the row before it. A period is half open: valid_from <= day < valid_to. A second run on the
-- same day finds no difference, or replaces the row of that day by unique_key, and closes nothing
-- twice.
{% set tracked = ['status', 'contract_type', 'affiliation_status', 'is_transferred', 'is_renewal_ng',
                  'is_paysle_unpaid', 'renewal_priority', 'agreement_type'] %}
{{ config(
    materialized='incremental',
    unique_key=['tenant_id', 'valid_from'],
    indexes=[
        {'columns': ['tenant_id', 'valid_from'], 'unique': true},
        {'columns': ['is_current']}
    ],
    meta={'protect': true},
    post_hook="{% if is_incremental() %}UPDATE {{ this }} t1 INNER JOIN (SELECT tenant_id, MAX(valid_from) AS newest_from FROM {{ this }} GROUP BY tenant_id) t2 ON t2.tenant_id = t1.tenant_id SET t1.valid_to = t2.newest_from, t1.is_current = 0 WHERE t1.is_current = 1 AND t1.valid_from < t2.newest_from{% endif %}"
) }}
select
    t.tenant_id,
{%- for column in tracked %}
    t.{{ column }},
{%- endfor %}
    curdate() as valid_from,
    cast(null as date) as valid_to,
    1 as is_current
from {{ ref('stg_tenants') }} t
{% if is_incremental() %}
left join {{ this }} h on h.tenant_id = t.tenant_id and h.is_current = 1
where h.tenant_id is null
{%- for column in tracked %}
   or not (h.{{ column }} <=> t.{{ column }})
{%- endfor %}
{% endif %}
