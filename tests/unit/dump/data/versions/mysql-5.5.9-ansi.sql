-- MySQL dump 10.16  Distrib 10.2.11-MariaDB, for Linux (x86_64)
--
-- Host: localhost    Database: apiary
-- ------------------------------------------------------
-- Server version	5.5.9
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ANSI' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

--
-- Temporary table structure for view "active_users"
--

DROP TABLE IF EXISTS "active_users";
/*!50001 DROP VIEW IF EXISTS "active_users"*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8;
/*!50001 CREATE TABLE "active_users" (
  "id" tinyint NOT NULL,
  "uid" tinyint NOT NULL
) ENGINE=MyISAM */;
SET character_set_client = @saved_cs_client;

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
-- Table structure for table "old"
--

DROP TABLE IF EXISTS "old";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "old" (
  "id" int(11) NOT NULL,
  "t" text,
  PRIMARY KEY ("id")
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "old"
--

LOCK TABLES "old" WRITE;
/*!40000 ALTER TABLE "old" DISABLE KEYS */;
INSERT INTO "old" VALUES (1,'x');
/*!40000 ALTER TABLE "old" ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table "users"
--

DROP TABLE IF EXISTS "users";
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE "users" (
  "id" int(10) unsigned NOT NULL AUTO_INCREMENT,
  "uid" varchar(127) NOT NULL,
  "first_name" varchar(127) NOT NULL DEFAULT 'a;b',
  "seen" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  "y" year(4) DEFAULT NULL,
  PRIMARY KEY ("id"),
  UNIQUE KEY "u" ("uid")
);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table "users"
--

LOCK TABLES "users" WRITE;
/*!40000 ALTER TABLE "users" DISABLE KEYS */;
INSERT INTO "users" VALUES (1,'gburdell1','George','2026-11-29 19:36:34',NULL),(2,'semi',';\n-- Dump completed on 2020-01-01','2026-11-29 19:36:34',NULL),(3,'tuple','a),(b','2026-11-29 19:36:34',NULL),(4,'q','it\'s \"q\" `b` \\ back','2026-11-29 19:36:34',NULL);
/*!40000 ALTER TABLE "users" ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8 */ ;
/*!50003 SET character_set_results = utf8 */ ;
/*!50003 SET collation_connection  = utf8_general_ci */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = '' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER users_bi BEFORE INSERT ON users FOR EACH ROW BEGIN IF NEW.uid = ';' THEN SET NEW.first_name = '--'; END IF; END */;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;

--
-- Final view structure for view "active_users"
--

/*!50001 DROP TABLE IF EXISTS "active_users"*/;
/*!50001 DROP VIEW IF EXISTS "active_users"*/;
/*!50001 CREATE VIEW "active_users" AS select "users"."id" AS "id","users"."uid" AS "uid" from "users" */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-29 19:36:34
