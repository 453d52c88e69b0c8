CREATE TABLE t (a int) SELECT * FROM gold.hist;
