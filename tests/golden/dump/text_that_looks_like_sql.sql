CREATE TABLE posts (body text);
INSERT INTO posts VALUES ('DROP DATABASE backend; -- Dump completed'),('\'); DROP TABLE posts; --');
-- Dump completed
