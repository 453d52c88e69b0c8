-- What another system knows of the places of the awkward houses: of some the newest row is wrong.
INSERT INTO property_geo_latlon_backup (id, apartment_id, latitude, longitude, source_updated_at) VALUES
  (900001, 900002, 35.6100000, 139.7100000, '2025-01-01'),
  (900002, 900002, 35.6200000, 139.7200000, '2025-02-01'),
  (900003, 900002, 36.6300000, 139.7300000, '2025-03-01'),
  (900004, 900002, 35.6400000, 139.7400000, '2024-12-31'),
  (900005, 900003, 35.6500000, NULL, '2025-01-01'),
  (900006, 900005, 35.9000000, 138.9400000, '2025-01-01'),
  (900007, 900001, 35.7000000, 139.7000000, '2025-01-01');
