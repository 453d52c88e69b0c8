CREATE TABLE t (a int, b text);
INSERT INTO t SELECT * FROM gold.hist;
