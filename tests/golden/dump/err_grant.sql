CREATE TABLE t (a int, b text);
GRANT ALL ON *.* TO 'x'@'%' IDENTIFIED BY 'secret';
