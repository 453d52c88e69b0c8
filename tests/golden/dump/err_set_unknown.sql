SET sort_buffer_size=1099511627776;
