-- MySQL dump 10.13  Distrib 5.6.21, for linux-glibc2.5 (i686)
--
-- Host: localhost    Database: apiary
-- ------------------------------------------------------
-- Server version	5.6.21-log
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ANSI' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

--
-- Temporary view structure for view "active_users"
--

DROP TABLE IF EXISTS "active_users";
/*!50001 DROP VIEW IF EXISTS "active_users"*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8;
/*!50001 CREATE VIEW "active_users" AS SELECT 
 1 AS "id",
 1 AS "uid"*/;
SET character_set_client = @saved_cs_client;

--
-- Table structure for table "dup"
--

DROP TABLE IF EXISTS "dup";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "dup" (
  "v" int(11) DEFAULT NULL,
  "w" varchar(5) COLLATE utf8mb4_unicode_ci DEFAULT NULL
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "dup"
--

LOCK TABLES "dup" WRITE;
/*!40000 ALTER TABLE "dup" DISABLE KEYS */;
INSERT INTO "dup" VALUES (1,'a'),(1,'a'),(NULL,NULL);
/*!40000 ALTER TABLE "dup" ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table "empty_one"
--

DROP TABLE IF EXISTS "empty_one";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "empty_one" (
  "id" int(11) NOT NULL,
  PRIMARY KEY ("id")
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "empty_one"
--

LOCK TABLES "empty_one" WRITE;
/*!40000 ALTER TABLE "empty_one" DISABLE KEYS */;
/*!40000 ALTER TABLE "empty_one" ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table "nasty"
--

DROP TABLE IF EXISTS "nasty";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "nasty" (
  "a" int(11) NOT NULL,
  "b" varchar(20) COLLATE utf8mb4_unicode_ci NOT NULL,
  "bin" varbinary(300) DEFAULT NULL,
  "bl" blob,
  "bt" bit(10) DEFAULT NULL,
  "f" float DEFAULT NULL,
  "d" double DEFAULT NULL,
  "de" decimal(10,3) DEFAULT NULL,
  "dt" datetime(3) DEFAULT NULL,
  "y" year(4) DEFAULT NULL,
  "t" time DEFAULT NULL,
  "g" geometry DEFAULT NULL,
  PRIMARY KEY ("b","a")
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "nasty"
--

LOCK TABLES "nasty" WRITE;
/*!40000 ALTER TABLE "nasty" DISABLE KEYS */;
INSERT INTO "nasty" VALUES (1,'k','\0\'\n\\\"','\0ˇ\0ˇ\0ˇ','\0',15000000000,-0.1,1.500,'2020-01-01 00:00:00.123',2020,'-10:00:00','\0\0\0\0\0\0\0\0\0\0\0\0\0?\0\0\0\0\0\0\0@'),(2,'k',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
/*!40000 ALTER TABLE "nasty" ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table "odd `name"
--

DROP TABLE IF EXISTS "odd `name";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "odd `name" (
  "sel;ect" int(11) DEFAULT NULL,
  "b)c" varchar(3) COLLATE utf8mb4_unicode_ci DEFAULT NULL,
  KEY "sel;ect" ("sel;ect")
)
/*!50100 PARTITION BY HASH (`sel;ect`)
PARTITIONS 2 */;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "odd `name"
--

LOCK TABLES "odd `name" WRITE;
/*!40000 ALTER TABLE "odd `name" DISABLE KEYS */;
INSERT INTO "odd `name" VALUES (-1,'-'),(3,NULL);
/*!40000 ALTER TABLE "odd `name" ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table "sessions"
--

DROP TABLE IF EXISTS "sessions";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "sessions" (
  "id" int(11) NOT NULL,
  "u" bigint(20) unsigned DEFAULT NULL,
  PRIMARY KEY ("id"),
  KEY "s_fk" ("u"),
  CONSTRAINT "s_fk" FOREIGN KEY ("u") REFERENCES "users" ("id")
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "sessions"
--

LOCK TABLES "sessions" WRITE;
/*!40000 ALTER TABLE "sessions" DISABLE KEYS */;
INSERT INTO "sessions" VALUES (1,1);
/*!40000 ALTER TABLE "sessions" ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table "users"
--

DROP TABLE IF EXISTS "users";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "users" (
  "id" bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  "uid" varchar(127) COLLATE utf8mb4_unicode_ci NOT NULL,
  "first_name" varchar(127) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'a;b',
  "deleted_at" timestamp NULL DEFAULT NULL,
  PRIMARY KEY ("id"),
  UNIQUE KEY "users_uid_unique" ("uid")
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "users"
--

LOCK TABLES "users" WRITE;
/*!40000 ALTER TABLE "users" DISABLE KEYS */;
INSERT INTO "users" VALUES (1,'gburdell1','George',NULL),(2,'semi',';\n-- Dump completed on 2020-01-01',NULL),(3,'tuple','a),(b',NULL),(4,'q','it\'s \"q\" `b` \\ back',NULL),(5,'emoji','Zo√´ üêù',NULL),(6,'cmd','\\! touch /tmp/x',NULL),(7,'cr','a\r\nb\0c\Z',NULL),(8,'hash','# no -- no /* no */',NULL);
/*!40000 ALTER TABLE "users" ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_unicode_ci */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER users_bi BEFORE INSERT ON users FOR EACH ROW BEGIN IF NEW.uid = ';' THEN SET NEW.first_name = '--'; END IF; END */;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;

--
-- Temporary view structure for view "v2"
--

DROP TABLE IF EXISTS "v2";
/*!50001 DROP VIEW IF EXISTS "v2"*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8;
/*!50001 CREATE VIEW "v2" AS SELECT 
 1 AS "id",
 1 AS "uid"*/;
SET character_set_client = @saved_cs_client;

--
-- Dumping routines for database 'apiary'
--
/*!50003 DROP FUNCTION IF EXISTS "f1" */;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_unicode_ci */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
CREATE DEFINER=`root`@`localhost` FUNCTION `f1`(a INT) RETURNS int(11)
    DETERMINISTIC
RETURN a + 1 ;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 DROP PROCEDURE IF EXISTS "p1" */;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_unicode_ci */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
CREATE DEFINER=`root`@`localhost` PROCEDURE `p1`()
BEGIN DECLARE x INT; SELECT 1;  SELECT 2; END ;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 DROP PROCEDURE IF EXISTS "p2" */;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_unicode_ci */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' */ ;
DELIMITER ;;
CREATE DEFINER="root"@"localhost" PROCEDURE "p2"()
BEGIN SELECT '\', "uid" from users; END ;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;

--
-- Final view structure for view "active_users"
--

/*!50001 DROP VIEW IF EXISTS "active_users"*/;
/*!50001 CREATE VIEW "active_users" AS select "users"."id" AS "id","users"."uid" AS "uid" from "users" where isnull("users"."deleted_at") */;

--
-- Final view structure for view "v2"
--

/*!50001 DROP VIEW IF EXISTS "v2"*/;
/*!50001 CREATE VIEW "v2" AS select "active_users"."id" AS "id","active_users"."uid" AS "uid" from "active_users" */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-29 23:12:03
