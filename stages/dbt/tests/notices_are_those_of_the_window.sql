-- Notices of the window that are missing, and rows that are none.
{% set first_day %}date_sub(curdate(), interval {{ var('moveout_notice_window_months') }} month){% endset %}
select c.moving_id, 'missing' as fault
from {{ ref('int_contracts') }} c
left join {{ ref('moveout_notices') }} n
    on n.moving_id = c.moving_id
   and n.moveout_receipt_date = c.moveout_receipt_date
where c.is_cancelled = 0
  and c.moveout_receipt_date between {{ first_day }} and curdate()
  and n.moving_id is null
union all
select n.moving_id, 'no notice of the window'
from {{ ref('moveout_notices') }} n
left join {{ ref('int_contracts') }} c on c.moving_id = n.moving_id
where c.moving_id is null
   or c.is_cancelled = 1
   or not (c.moveout_receipt_date <=> n.moveout_receipt_date)
   or n.moveout_receipt_date not between {{ first_day }} and curdate()
