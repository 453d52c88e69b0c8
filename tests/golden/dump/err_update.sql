UPDATE t SET b='secret', a=12345;
