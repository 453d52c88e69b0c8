-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `with space`;
CREATE TABLE `with space` (
  `with space` int(11) NOT NULL,
  `with space 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`with space`),
  KEY `k with space` (`with space 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `with space` WRITE;
INSERT INTO `with space` VALUES (0,'x');
INSERT INTO `with space` (`with space 2`, `with space`) VALUES ('y',100);
UNLOCK TABLES;
DROP TABLE IF EXISTS `dot.ted`;
CREATE TABLE `dot.ted` (
  `dot.ted` int(11) NOT NULL,
  `dot.ted 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`dot.ted`),
  KEY `k dot.ted` (`dot.ted 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `dot.ted` WRITE;
INSERT INTO `dot.ted` VALUES (1,'x');
INSERT INTO `dot.ted` (`dot.ted 2`, `dot.ted`) VALUES ('y',101);
UNLOCK TABLES;
DROP TABLE IF EXISTS ```tick`;
CREATE TABLE ```tick` (
  ```tick` int(11) NOT NULL,
  ```tick 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (```tick`),
  KEY `k ``tick` (```tick 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES ```tick` WRITE;
INSERT INTO ```tick` VALUES (2,'x');
INSERT INTO ```tick` (```tick 2`, ```tick`) VALUES ('y',102);
UNLOCK TABLES;
DROP TABLE IF EXISTS `quote's`;
CREATE TABLE `quote's` (
  `quote's` int(11) NOT NULL,
  `quote's 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`quote's`),
  KEY `k quote's` (`quote's 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `quote's` WRITE;
INSERT INTO `quote's` VALUES (3,'x');
INSERT INTO `quote's` (`quote's 2`, `quote's`) VALUES ('y',103);
UNLOCK TABLES;
DROP TABLE IF EXISTS `"double"`;
CREATE TABLE `"double"` (
  `"double"` int(11) NOT NULL,
  `"double" 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`"double"`),
  KEY `k "double"` (`"double" 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `"double"` WRITE;
INSERT INTO `"double"` VALUES (4,'x');
INSERT INTO `"double"` (`"double" 2`, `"double"`) VALUES ('y',104);
UNLOCK TABLES;
DROP TABLE IF EXISTS `東京都`;
CREATE TABLE `東京都` (
  `東京都` int(11) NOT NULL,
  `東京都 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`東京都`),
  KEY `k 東京都` (`東京都 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `東京都` WRITE;
INSERT INTO `東京都` VALUES (5,'x');
INSERT INTO `東京都` (`東京都 2`, `東京都`) VALUES ('y',105);
UNLOCK TABLES;
DROP TABLE IF EXISTS `naïve`;
CREATE TABLE `naïve` (
  `naïve` int(11) NOT NULL,
  `naïve 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`naïve`),
  KEY `k naïve` (`naïve 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `naïve` WRITE;
INSERT INTO `naïve` VALUES (6,'x');
INSERT INTO `naïve` (`naïve 2`, `naïve`) VALUES ('y',106);
UNLOCK TABLES;
DROP TABLE IF EXISTS `select`;
CREATE TABLE `select` (
  `select` int(11) NOT NULL,
  `select 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`select`),
  KEY `k select` (`select 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `select` WRITE;
INSERT INTO `select` VALUES (7,'x');
INSERT INTO `select` (`select 2`, `select`) VALUES ('y',107);
UNLOCK TABLES;
DROP TABLE IF EXISTS `Order`;
CREATE TABLE `Order` (
  `Order` int(11) NOT NULL,
  `Order 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`Order`),
  KEY `k Order` (`Order 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `Order` WRITE;
INSERT INTO `Order` VALUES (8,'x');
INSERT INTO `Order` (`Order 2`, `Order`) VALUES ('y',108);
UNLOCK TABLES;
DROP TABLE IF EXISTS `order`;
CREATE TABLE `order` (
  `order` int(11) NOT NULL,
  `order 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`order`),
  KEY `k order` (`order 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `order` WRITE;
INSERT INTO `order` VALUES (9,'x');
INSERT INTO `order` (`order 2`, `order`) VALUES ('y',109);
UNLOCK TABLES;
DROP TABLE IF EXISTS `table`;
CREATE TABLE `table` (
  `table` int(11) NOT NULL,
  `table 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`table`),
  KEY `k table` (`table 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `table` WRITE;
INSERT INTO `table` VALUES (10,'x');
INSERT INTO `table` (`table 2`, `table`) VALUES ('y',110);
UNLOCK TABLES;
DROP TABLE IF EXISTS `1digit`;
CREATE TABLE `1digit` (
  `1digit` int(11) NOT NULL,
  `1digit 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`1digit`),
  KEY `k 1digit` (`1digit 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `1digit` WRITE;
INSERT INTO `1digit` VALUES (11,'x');
INSERT INTO `1digit` (`1digit 2`, `1digit`) VALUES ('y',111);
UNLOCK TABLES;
DROP TABLE IF EXISTS `$dollar`;
CREATE TABLE `$dollar` (
  `$dollar` int(11) NOT NULL,
  `$dollar 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`$dollar`),
  KEY `k $dollar` (`$dollar 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `$dollar` WRITE;
INSERT INTO `$dollar` VALUES (12,'x');
INSERT INTO `$dollar` (`$dollar 2`, `$dollar`) VALUES ('y',112);
UNLOCK TABLES;
DROP TABLE IF EXISTS `semi;colon`;
CREATE TABLE `semi;colon` (
  `semi;colon` int(11) NOT NULL,
  `semi;colon 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`semi;colon`),
  KEY `k semi;colon` (`semi;colon 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `semi;colon` WRITE;
INSERT INTO `semi;colon` VALUES (13,'x');
INSERT INTO `semi;colon` (`semi;colon 2`, `semi;colon`) VALUES ('y',113);
UNLOCK TABLES;
DROP TABLE IF EXISTS `--dash`;
CREATE TABLE `--dash` (
  `--dash` int(11) NOT NULL,
  `--dash 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`--dash`),
  KEY `k --dash` (`--dash 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `--dash` WRITE;
INSERT INTO `--dash` VALUES (14,'x');
INSERT INTO `--dash` (`--dash 2`, `--dash`) VALUES ('y',114);
UNLOCK TABLES;
DROP TABLE IF EXISTS `/*comment*/`;
CREATE TABLE `/*comment*/` (
  `/*comment*/` int(11) NOT NULL,
  `/*comment*/ 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`/*comment*/`),
  KEY `k /*comment*/` (`/*comment*/ 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `/*comment*/` WRITE;
INSERT INTO `/*comment*/` VALUES (15,'x');
INSERT INTO `/*comment*/` (`/*comment*/ 2`, `/*comment*/`) VALUES ('y',115);
UNLOCK TABLES;
DROP TABLE IF EXISTS `#hash`;
CREATE TABLE `#hash` (
  `#hash` int(11) NOT NULL,
  `#hash 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`#hash`),
  KEY `k #hash` (`#hash 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `#hash` WRITE;
INSERT INTO `#hash` VALUES (16,'x');
INSERT INTO `#hash` (`#hash 2`, `#hash`) VALUES ('y',116);
UNLOCK TABLES;
DROP TABLE IF EXISTS `back\slash`;
CREATE TABLE `back\slash` (
  `back\slash` int(11) NOT NULL,
  `back\slash 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`back\slash`),
  KEY `k back\slash` (`back\slash 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `back\slash` WRITE;
INSERT INTO `back\slash` VALUES (17,'x');
INSERT INTO `back\slash` (`back\slash 2`, `back\slash`) VALUES ('y',117);
UNLOCK TABLES;
DROP TABLE IF EXISTS `comma,paren)`;
CREATE TABLE `comma,paren)` (
  `comma,paren)` int(11) NOT NULL,
  `comma,paren) 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`comma,paren)`),
  KEY `k comma,paren)` (`comma,paren) 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `comma,paren)` WRITE;
INSERT INTO `comma,paren)` VALUES (18,'x');
INSERT INTO `comma,paren)` (`comma,paren) 2`, `comma,paren)`) VALUES ('y',118);
UNLOCK TABLES;
DROP TABLE IF EXISTS `percent%`;
CREATE TABLE `percent%` (
  `percent%` int(11) NOT NULL,
  `percent% 2` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`percent%`),
  KEY `k percent%` (`percent% 2`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `percent%` WRITE;
INSERT INTO `percent%` VALUES (19,'x');
INSERT INTO `percent%` (`percent% 2`, `percent%`) VALUES ('y',119);
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
