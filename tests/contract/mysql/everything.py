"""A schema that holds every kind of object, and rows that are hard to carry."""

EVERYTHING = [
    "CREATE TABLE parents (a INT NOT NULL, b VARCHAR(10) NOT NULL, PRIMARY KEY (a, b)) COMMENT = 'it''s; -- x'",
    """CREATE TABLE children (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        parent_a INT, parent_b VARCHAR(10), up BIGINT UNSIGNED,
        amount DECIMAL(20,5) NOT NULL DEFAULT '1.50000', ratio DOUBLE, rough FLOAT,
        kind ENUM('a', 'it''s', 'é') NOT NULL DEFAULT 'it''s', flags SET('x', 'y'), bits BIT(9) DEFAULT b'101',
        label VARCHAR(100) DEFAULT 'a\\\\b''c', note TEXT, data JSON, raw LONGBLOB, fixed BINARY(4), place POINT,
        born DATE, slept TIME(3), at TIMESTAMP(6) NULL DEFAULT NULL, seen YEAR,
        created_at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP COMMENT 'when',
        doubled DECIMAL(21,5) AS (amount * 2) STORED, shout VARCHAR(100) AS (UPPER(label)) VIRTUAL,
        hidden INT INVISIBLE, sorted VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin,
        UNIQUE KEY by_label (label(20) DESC, id), KEY by_born (born), FULLTEXT KEY words (note),
        CONSTRAINT to_parent FOREIGN KEY (parent_a, parent_b) REFERENCES parents (a, b) ON DELETE CASCADE,
        CONSTRAINT to_self FOREIGN KEY (up) REFERENCES children (id) ON UPDATE CASCADE,
        CONSTRAINT positive CHECK (amount > 0 AND label <> 'it''s'))""",
    "CREATE TABLE years (y INT NOT NULL, PRIMARY KEY (y)) ROW_FORMAT = COMPACT PARTITION BY RANGE (y)"
    " (PARTITION old VALUES LESS THAN (2000), PARTITION rest VALUES LESS THAN MAXVALUE)",
    "CREATE TABLE spread (y INT NOT NULL) PARTITION BY HASH (y) PARTITIONS 3",
    "CREATE TABLE loose (a INT, b TEXT) ENGINE = MyISAM",
    "CREATE TABLE empty_one (id INT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 77",
    "CREATE VIEW adults AS SELECT id, label FROM children WHERE born < '2008-01-01' WITH CASCADED CHECK OPTION",
    "CREATE SQL SECURITY INVOKER VIEW a_view_of_views AS SELECT label FROM adults JOIN parents ON a = id",
    "CREATE TRIGGER first_trigger BEFORE INSERT ON parents FOR EACH ROW SET @t = 'a;b'",
    "CREATE TRIGGER second_trigger BEFORE INSERT ON parents FOR EACH ROW"
    " BEGIN IF NEW.a > 1 THEN SET @t = 2; END IF; END",
    "CREATE PROCEDURE doing(IN a INT, OUT b VARCHAR(9)) COMMENT 'x' BEGIN SELECT 1 INTO b; -- comment\n END",
    "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC NO SQL SQL SECURITY INVOKER RETURN n * 2",
    "CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 03:00:00' ENDS '2037-01-01 03:00:00'"
    " ON COMPLETION PRESERVE DISABLE COMMENT 'x' DO DELETE FROM loose",
    "CREATE EVENT once ON SCHEDULE AT '2036-02-03 04:05:06' DO BEGIN DELETE FROM loose; DELETE FROM spread; END",
    "INSERT INTO parents VALUES (1, 'x'), (2, 'y')",
    "INSERT INTO children (parent_a, parent_b, ratio, rough, flags, label, note, data, raw, fixed, place, born, slept,"
    " at, seen, created_at, hidden, sorted) VALUES (1, 'x', 0.1, 1.00001, 'x,y', 'é 🐝 ''; --',"
    " 'a\\nb\\r\\tc\\\\d\\0e',"
    """ '{"a": [1, null, "🐝"]}', X'00010A0D1A5C2722FF', 'ab', ST_GeomFromText('POINT(1 2)'), '2000-02-29',"""
    " '-12:34:56.789', '2026-08-01 12:00:00.123456', 2026, '2026-08-01 12:00:00', 5, 'é')",
    "INSERT INTO children (up, label, created_at) VALUES (1, '', NULL)",
    "INSERT INTO years VALUES (1999), (2026)",
    "INSERT INTO spread VALUES (1), (1), (2), (3)",
    "INSERT INTO loose VALUES (NULL, NULL), (NULL, NULL), (1, 'N')",
]
