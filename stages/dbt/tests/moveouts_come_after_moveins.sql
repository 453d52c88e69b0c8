-- Contracts that ended before they began.
select moving_id, movein_date, moveout_date
from {{ ref('moveouts') }}
where moveout_date < movein_date
