CREATE TABLE inv (a int, hid int INVISIBLE DEFAULT 7);
INSERT INTO inv (a) VALUES (1),(2);
SET sql_generate_invisible_primary_key=1;
CREATE TABLE gipk (x int);
INSERT INTO gipk VALUES (5),(5);
