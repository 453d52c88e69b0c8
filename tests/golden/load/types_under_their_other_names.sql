-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `aliases`;
CREATE TABLE `aliases` (
  `id` int8 NOT NULL,
  `a` int1,
  `b` int2 unsigned,
  `c` int3,
  `d` int4,
  `e` middleint,
  `f` bool,
  `g` boolean default true,
  `h` dec(10,2),
  `i` fixed(5,1),
  `j` numeric,
  `k` float4,
  `l` float8,
  `m` double precision,
  `n` real,
  `o` character varying(10),
  `p` nchar(5),
  `q` nvarchar(5),
  `r` national varchar(5),
  `s` long varchar,
  `t` long,
  `u` long varbinary,
  `v` char byte,
  `w` char(5) unicode,
  `x` char(5) ascii,
  `y` varchar(5) binary,
  `z` char varying(5),
  `aa` integer,
  `ab` number(8,2),
  `ac` raw(10),
  `ad` clob,
  `ae` varchar2(9),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `aliases` WRITE;
INSERT INTO `aliases` VALUES
(1,1,2,3,4,5,1,0,1.5,2.5,3,1.5,2.5,3.5,4.5,'o','東','q','r','s','t','u','v','東w','x','y','z',1,'1.25','raw','c','v2');
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
