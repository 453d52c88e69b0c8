CREATE TABLE t (a int, b text);
INSERT INTO gold.t VALUES (1,'x');
