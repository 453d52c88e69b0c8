CREATE TABLE t (a int, b text);
INSERT INTO t (a,c) VALUES (1,'x');
