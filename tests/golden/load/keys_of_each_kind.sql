-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `keyed`;
CREATE TABLE `keyed` (
  `id` int(11) NOT NULL,
  `a` varchar(300) DEFAULT NULL,
  `b` varchar(100) DEFAULT NULL,
  `t` text NOT NULL,
  `p` point NOT NULL,
  `u` int(11) DEFAULT NULL,
  `w` blob DEFAULT NULL,
  `n` int(11) DEFAULT NULL,
  `when` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`,`b`) USING BTREE,
  UNIQUE KEY `u` (`u`) USING BTREE,
  UNIQUE KEY `long one` (`w`) USING HASH,
  UNIQUE KEY `unique prefix` (`a`(20),`t`(30)),
  KEY `descending` (`n` DESC,`u`),
  KEY `a;b` (`a`(10)) USING BTREE,
  KEY `ignored` (`n`) IGNORED,
  FULLTEXT KEY `ft` (`a`,`t`),
  SPATIAL KEY `p` (`p`),
  KEY `when` (`when`),
  CONSTRAINT `named unique` UNIQUE (`n`,`u`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `keyed` WRITE;
INSERT INTO `keyed` VALUES
(1,'text one','b','words to find',0x000000000101000000000000000000F03F0000000000000040,1,'w1',1,1),
(2,NULL,'b2','other words',0x000000000101000000000000000000F03F0000000000000040,NULL,NULL,NULL,NULL);
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
