-- Dump created by MySQL pump utility, version: 8.0.33, Linux (x86_64)
-- Dump start time: Sun Nov 29 23:40:02 2026
-- Server version: 8.0.33

SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0;
SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0;
SET @OLD_SQL_MODE=@@SQL_MODE;
SET SQL_MODE="NO_AUTO_VALUE_ON_ZERO";
SET @@SESSION.SQL_LOG_BIN= 0;
SET @OLD_TIME_ZONE=@@TIME_ZONE;
SET TIME_ZONE='+00:00';
SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT;
SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS;
SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION;
SET NAMES utf8mb4;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `apiary` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
DROP VIEW IF EXISTS `apiary`.`active_users`;
CREATE VIEW `apiary`.`active_users` AS SELECT
 1 AS `id`,
 1 AS `uid`;
CREATE TABLE `apiary`.`dup` (
`v` int DEFAULT NULL,
`w` varchar(5) COLLATE utf8mb4_unicode_ci DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
;
INSERT INTO `apiary`.`dup` VALUES (1,"a"),(1,"a"),(NULL,NULL);
CREATE TABLE `apiary`.`empty_one` (
`id` int NOT NULL,
PRIMARY KEY (`id`)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
;
CREATE TABLE `apiary`.`gipk` (
`my_row_id` bigint unsigned NOT NULL AUTO_INCREMENT /*!80023 INVISIBLE */,
`x` int DEFAULT NULL,
PRIMARY KEY (`my_row_id`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
;
CREATE TABLE `apiary`.`inv` (
`a` int DEFAULT NULL,
`hid` int DEFAULT '7' /*!80023 INVISIBLE */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
;
INSERT INTO `apiary`.`gipk` (`my_row_id`,`x`) VALUES (1,5),(2,5);
INSERT INTO `apiary`.`inv` (`a`,`hid`) VALUES (1,7),(2,7);
CREATE TABLE `apiary`.`nasty` (
`a` int NOT NULL,
`b` varchar(20) COLLATE utf8mb4_unicode_ci NOT NULL,
`bin` varbinary(300) DEFAULT NULL,
`bl` blob,
`bt` bit(10) DEFAULT NULL,
`f` float DEFAULT NULL,
`d` double DEFAULT NULL,
`de` decimal(10,3) DEFAULT NULL,
`j` json DEFAULT NULL,
`dt` datetime(3) DEFAULT NULL,
`y` year DEFAULT NULL,
`t` time DEFAULT NULL,
`g` geometry DEFAULT NULL,
PRIMARY KEY (`b`,`a`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
;
INSERT INTO `apiary`.`nasty` VALUES (1,"k",_binary "\0\'\n\\\"",_binary "\0ˇ\0ˇ\0ˇ",_binary "\0",15000000000,-0.1,1.500,"{\"a\": \"x\\\"y\"}","2020-01-01 00:00:00.123",2020,"-10:00:00",_binary "\0\0\0\0\0\0\0\0\0\0\0\0\0\?\0\0\0\0\0\0\0@"),(2,"k",NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE `apiary`.`odd ``name` (
`sel;ect` int DEFAULT NULL,
`b)c` varchar(3) COLLATE utf8mb4_unicode_ci DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
/*!50100 PARTITION BY HASH (`sel;ect`)
PARTITIONS 2 */
;
INSERT INTO `apiary`.`odd ``name` VALUES (-1,"-"),(3,NULL);
USE `apiary`;
ALTER TABLE `apiary`.`odd ``name` ADD KEY `sel;ect` (`sel;ect`);
CREATE TABLE `apiary`.`sessions` (
`id` int NOT NULL,
`u` bigint unsigned DEFAULT NULL,
PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s; a (comment)'
;
INSERT INTO `apiary`.`sessions` VALUES (1,1);
USE `apiary`;
ALTER TABLE `apiary`.`sessions` ADD KEY `s_fk` (`u`);
ALTER TABLE `apiary`.`sessions` ADD CONSTRAINT `s_fk` FOREIGN KEY (`u`) REFERENCES `users` (`id`);
CREATE TABLE `apiary`.`users` (
`id` bigint unsigned NOT NULL AUTO_INCREMENT,
`uid` varchar(127) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL,
`first_name` varchar(127) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'a;b',
`full_uid` varchar(200) COLLATE utf8mb4_unicode_ci GENERATED ALWAYS AS (concat(`uid`,_utf8mb4'-x')) VIRTUAL,
`stored_len` int GENERATED ALWAYS AS (char_length(`uid`)) STORED,
`deleted_at` timestamp NULL DEFAULT NULL,
PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
;
INSERT INTO `apiary`.`users` (`id`,`uid`,`first_name`,`deleted_at`) VALUES (1,"gburdell1","George",NULL),(2,"semi",";\n-- Dump completed on 2020-01-01",NULL),(3,"tuple","a),(b",NULL),(4,"q","it\'s \"q\" `b` \\ back",NULL),(5,"emoji","Zo√´ üêù",NULL),(6,"cmd","\\! touch /tmp/x",NULL),(7,"cr","a\r\nb\0c\Z",NULL),(8,"hash","# no -- no /* no */",NULL);
DELIMITER //
/*!50017 CREATE*/ /*!50003 DEFINER=`root`@`localhost`*/ /*!50017 TRIGGER `apiary`.`users_bi` BEFORE INSERT ON `users` FOR EACH ROW BEGIN IF NEW.uid = ';' THEN SET NEW.first_name = '--'; END IF; END */
//
DELIMITER ;
;
USE `apiary`;
ALTER TABLE `apiary`.`users` ADD UNIQUE KEY `users_uid_unique` (`uid`);
DROP VIEW IF EXISTS `apiary`.`v2`;
CREATE VIEW `apiary`.`v2` AS SELECT
 1 AS `id`,
 1 AS `uid`;
DELIMITER //
CREATE DEFINER=`root`@`localhost` FUNCTION `apiary`.`f1`(a INT) RETURNS int
    DETERMINISTIC
RETURN a + 1//
DELIMITER ;
;
DELIMITER //
CREATE DEFINER=`root`@`localhost` PROCEDURE `apiary`.`p1`()
BEGIN DECLARE x INT; SELECT 1;  SELECT 2; END//
DELIMITER ;
;
DELIMITER //
CREATE DEFINER=`root`@`localhost` EVENT `apiary`.`e1` ON SCHEDULE EVERY 1 DAY STARTS '2026-11-29 23:21:30' ON COMPLETION NOT PRESERVE ENABLE DO DELETE FROM sessions WHERE id < 0//
DELIMITER ;
;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `other` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
CREATE TABLE `other`.`users` (
`id` int NOT NULL,
`n` varchar(10) DEFAULT NULL,
PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
;
INSERT INTO `other`.`users` VALUES (1,"x"),(2,"y");
DROP VIEW IF EXISTS `apiary`.`active_users`;
CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `apiary`.`active_users` AS select `apiary`.`users`.`id` AS `id`,`apiary`.`users`.`uid` AS `uid` from `apiary`.`users` where (`apiary`.`users`.`deleted_at` is null);
DROP VIEW IF EXISTS `apiary`.`v2`;
CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `apiary`.`v2` AS select `apiary`.`active_users`.`id` AS `id`,`apiary`.`active_users`.`uid` AS `uid` from `apiary`.`active_users`;
SET TIME_ZONE=@OLD_TIME_ZONE;
SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT;
SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS;
SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION;
SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS;
SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS;
SET SQL_MODE=@OLD_SQL_MODE;
-- Dump end time: Sun Nov 29 23:40:02 2026
