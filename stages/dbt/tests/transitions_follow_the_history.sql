-- Rows of the history without a transition, and transitions that do not begin where the row before
-- them ends.
select h.tenant_id, h.valid_from
from {{ ref('tenant_status_history') }} h
left join {{ ref('tenant_status_transitions') }} t
    on t.tenant_id = h.tenant_id
   and t.effective_date = h.valid_from
left join {{ ref('tenant_status_history') }} p
    on p.tenant_id = h.tenant_id
   and p.valid_to = h.valid_from
where t.tenant_id is null
   or not (t.previous_effective_date <=> p.valid_from)
