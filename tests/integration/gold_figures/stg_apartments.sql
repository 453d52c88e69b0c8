-- The houses. A pair of coordinates counts if it lies on the mainland of Tokyo.
WITH located AS (
  SELECT apartment_id, latitude, longitude,
         ROW_NUMBER() OVER (PARTITION BY apartment_id ORDER BY source_updated_at DESC, id DESC) AS newest
  FROM other_systems.property_geo_latlon_backup
  WHERE latitude >= 35.50 AND latitude <= 35.90 AND longitude >= 138.94 AND longitude <= 139.92
), house AS (
  SELECT a.*,
         CASE WHEN a.latitude >= 35.50 AND a.latitude <= 35.90
               AND a.longitude >= 138.94 AND a.longitude <= 139.92 THEN 'source'
              WHEN l.apartment_id IS NOT NULL THEN 'backup' END AS located_by,
         l.latitude AS other_latitude, l.longitude AS other_longitude
  FROM source.apartments a
  LEFT JOIN located l ON l.apartment_id = a.id AND l.newest = 1
)
SELECT id AS apartment_id, unique_number AS asset_id,
       cleaned(apartment_name) AS apartment_name, cleaned(apartment_name_en) AS apartment_name_en,
       cleaned(apartment_name_old) AS apartment_name_old, cleaned(prefecture) AS prefecture,
       cleaned(municipality) AS municipality, cleaned(address) AS address,
       cleaned(full_address) AS full_address, cleaned(zip_code) AS zip_code,
       CASE located_by WHEN 'source' THEN latitude WHEN 'backup' THEN other_latitude END AS latitude,
       CASE located_by WHEN 'source' THEN longitude WHEN 'backup' THEN other_longitude END AS longitude,
       located_by AS location_source, room_count, vacancy_room_count, apartment_type,
       building_type, status, created_at, updated_at
FROM house
