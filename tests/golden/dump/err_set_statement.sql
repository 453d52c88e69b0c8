SET STATEMENT max_statement_time=0 FOR DROP TABLE t;
