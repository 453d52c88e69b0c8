-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `charsets`;
CREATE TABLE `charsets` (
  `id` int(11) NOT NULL,
  `latin1` varchar(20) CHARACTER SET latin1 DEFAULT NULL,
  `latin2` varchar(20) CHARACTER SET latin2 DEFAULT NULL,
  `ascii` varchar(20) CHARACTER SET ascii DEFAULT NULL,
  `utf8mb3` varchar(20) CHARACTER SET utf8mb3 DEFAULT NULL,
  `utf8mb4` varchar(20) CHARACTER SET utf8mb4 DEFAULT NULL,
  `ucs2` varchar(20) CHARACTER SET ucs2 DEFAULT NULL,
  `utf16` varchar(20) CHARACTER SET utf16 DEFAULT NULL,
  `utf16le` varchar(20) CHARACTER SET utf16le DEFAULT NULL,
  `utf32` varchar(20) CHARACTER SET utf32 DEFAULT NULL,
  `sjis` varchar(20) CHARACTER SET sjis DEFAULT NULL,
  `cp932` varchar(20) CHARACTER SET cp932 DEFAULT NULL,
  `ujis` varchar(20) CHARACTER SET ujis DEFAULT NULL,
  `eucjpms` varchar(20) CHARACTER SET eucjpms DEFAULT NULL,
  `gbk` varchar(20) CHARACTER SET gbk DEFAULT NULL,
  `big5` varchar(20) CHARACTER SET big5 DEFAULT NULL,
  `euckr` varchar(20) CHARACTER SET euckr DEFAULT NULL,
  `gb2312` varchar(20) CHARACTER SET gb2312 DEFAULT NULL,
  `cp1251` varchar(20) CHARACTER SET cp1251 DEFAULT NULL,
  `koi8r` varchar(20) CHARACTER SET koi8r DEFAULT NULL,
  `greek` varchar(20) CHARACTER SET greek DEFAULT NULL,
  `hebrew` varchar(20) CHARACTER SET hebrew DEFAULT NULL,
  `tis620` varchar(20) CHARACTER SET tis620 DEFAULT NULL,
  `macroman` varchar(20) CHARACTER SET macroman DEFAULT NULL,
  `binary` varchar(20) CHARACTER SET binary DEFAULT NULL,
  `bin` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
  `ja` varchar(20) COLLATE utf8mb4_unicode_520_ci DEFAULT NULL,
  `e` enum('表','ソ') CHARACTER SET cp932 DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `charsets` WRITE;
INSERT INTO `charsets` VALUES
(1,'café','čšž','plain','表示','表示😀','表示','表😀','表😀','表😀','表示ソ','表示ソ①','表示ソ','表示ソ①','中文','中文','한국어','中文','Привет','Привет','Ελληνικά','שלום','ไทย','é','表','表','表','ソ'),
(2,'','','','','','','','','','','','','','','','','','','','','','','','','','',''),
(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(4,'a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c','a\\b\'c',NULL);
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
