-- Houses with half a location, or with one outside the mainland of Tokyo.
select 'stg_apartments' as model, apartment_id, latitude, longitude
from {{ ref('stg_apartments') }}
where (latitude is null) <> (longitude is null)
   or latitude not between 35.50 and 35.90
   or longitude not between 138.94 and 139.92
union all
select 'int_contracts', apartment_id, latitude, longitude
from {{ ref('int_contracts') }}
where (latitude is null) <> (longitude is null)
   or latitude not between 35.50 and 35.90
   or longitude not between 138.94 and 139.92
