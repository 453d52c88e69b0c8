-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `enums`;
CREATE TABLE `enums` (
  `id` int(11) NOT NULL,
  `e` enum('a','b','it''s','with,comma','','2','1','x y','東京') DEFAULT NULL,
  `f` enum('yes','no') NOT NULL DEFAULT 'no',
  `s` set('a','b','it''s','c d','東京') DEFAULT NULL,
  `big` set('m0','m1','m2','m3','m4','m5','m6','m7','m8','m9','m10','m11','m12','m13','m14','m15','m16','m17','m18','m19','m20','m21','m22','m23','m24','m25','m26','m27','m28','m29','m30','m31','m32','m33','m34','m35','m36','m37','m38','m39','m40','m41','m42','m43','m44','m45','m46','m47','m48','m49','m50','m51','m52','m53','m54','m55','m56','m57','m58','m59','m60','m61','m62','m63') NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `enums` WRITE;
INSERT INTO `enums` VALUES
(1,'a','yes','a','m0'),
(2,'東京','no','a,b,it\'s,c d,東京','m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58,m59,m60,m61,m62,m63'),
(3,NULL,'no',NULL,''),
(4,'','no','','m63'),
(5,'with,comma','yes','東京,a','m5,m4'),
(6,'1','yes','b,b','m1'),
(7,'2','no','c d','m2,m1'),
(8,'it''s','yes','it''s',''),
(9,'A','YES','A,B','M3'),
(10,'x y ','yes ','a ','m1 ');
UNLOCK TABLES;
INSERT INTO `enums` (`id`) VALUES (11);

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
