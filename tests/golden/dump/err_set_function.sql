SET @x = LOAD_FILE('/etc/passwd');
