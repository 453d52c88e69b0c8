\! touch pwned;
