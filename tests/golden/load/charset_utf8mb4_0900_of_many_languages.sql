-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (
  `id` int NOT NULL,
  `c0` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci DEFAULT NULL,
  `c1` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_ci DEFAULT NULL,
  `c2` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs DEFAULT NULL,
  `c3` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `c4` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bg_0900_ai_ci DEFAULT NULL,
  `c5` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bg_0900_as_cs DEFAULT NULL,
  `c6` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bs_0900_ai_ci DEFAULT NULL,
  `c7` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bs_0900_as_cs DEFAULT NULL,
  `c8` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_cs_0900_ai_ci DEFAULT NULL,
  `c9` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_cs_0900_as_cs DEFAULT NULL,
  `c10` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_da_0900_ai_ci DEFAULT NULL,
  `c11` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_da_0900_as_cs DEFAULT NULL,
  `c12` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_de_pb_0900_ai_ci DEFAULT NULL,
  `c13` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_de_pb_0900_as_cs DEFAULT NULL,
  `c14` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_eo_0900_ai_ci DEFAULT NULL,
  `c15` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_eo_0900_as_cs DEFAULT NULL,
  `c16` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_es_0900_ai_ci DEFAULT NULL,
  `c17` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_es_0900_as_cs DEFAULT NULL,
  `c18` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_es_trad_0900_ai_ci DEFAULT NULL,
  `c19` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_es_trad_0900_as_cs DEFAULT NULL,
  `c20` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_et_0900_ai_ci DEFAULT NULL,
  `c21` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_et_0900_as_cs DEFAULT NULL,
  `c22` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_gl_0900_ai_ci DEFAULT NULL,
  `c23` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_gl_0900_as_cs DEFAULT NULL,
  `c24` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_hr_0900_ai_ci DEFAULT NULL,
  `c25` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_hr_0900_as_cs DEFAULT NULL,
  `c26` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_hu_0900_ai_ci DEFAULT NULL,
  `c27` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_hu_0900_as_cs DEFAULT NULL,
  `c28` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_is_0900_ai_ci DEFAULT NULL,
  `c29` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_is_0900_as_cs DEFAULT NULL,
  `c30` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_la_0900_ai_ci DEFAULT NULL,
  `c31` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_la_0900_as_cs DEFAULT NULL,
  `c32` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_lt_0900_ai_ci DEFAULT NULL,
  `c33` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_lt_0900_as_cs DEFAULT NULL,
  `c34` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_lv_0900_ai_ci DEFAULT NULL,
  `c35` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_lv_0900_as_cs DEFAULT NULL,
  `c36` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_mn_cyrl_0900_ai_ci DEFAULT NULL,
  `c37` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_mn_cyrl_0900_as_cs DEFAULT NULL,
  `c38` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nb_0900_ai_ci DEFAULT NULL,
  `c39` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nb_0900_as_cs DEFAULT NULL,
  `c40` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nn_0900_ai_ci DEFAULT NULL,
  `c41` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nn_0900_as_cs DEFAULT NULL,
  `c42` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_pl_0900_ai_ci DEFAULT NULL,
  `c43` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_pl_0900_as_cs DEFAULT NULL,
  `c44` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_ro_0900_ai_ci DEFAULT NULL,
  `c45` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_ro_0900_as_cs DEFAULT NULL,
  `c46` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_ru_0900_ai_ci DEFAULT NULL,
  `c47` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_ru_0900_as_cs DEFAULT NULL,
  `c48` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sk_0900_ai_ci DEFAULT NULL,
  `c49` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sk_0900_as_cs DEFAULT NULL,
  `c50` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sl_0900_ai_ci DEFAULT NULL,
  `c51` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sl_0900_as_cs DEFAULT NULL,
  `c52` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sr_latn_0900_ai_ci DEFAULT NULL,
  `c53` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sr_latn_0900_as_cs DEFAULT NULL,
  `c54` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sv_0900_ai_ci DEFAULT NULL,
  `c55` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_sv_0900_as_cs DEFAULT NULL,
  `c56` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_tr_0900_ai_ci DEFAULT NULL,
  `c57` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_tr_0900_as_cs DEFAULT NULL,
  `c58` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_vi_0900_ai_ci DEFAULT NULL,
  `c59` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_vi_0900_as_cs DEFAULT NULL,
  `c60` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_ja_0900_as_cs DEFAULT NULL,
  `c61` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_ja_0900_as_cs_ks DEFAULT NULL,
  `c62` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_zh_0900_as_cs DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
INSERT INTO `t` VALUES (1,'ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ','ñ東Ж ');
CREATE TABLE `u` (
  `a` varchar(20) COLLATE utf8mb4_0900_as_cs NOT NULL,
  `b` varchar(20) COLLATE utf8mb4_0900_as_cs DEFAULT 'é',
  `c` varchar(20) COLLATE utf8mb4_unicode_ci GENERATED ALWAYS AS (concat(`a`,_utf8mb4'x' collate utf8mb4_0900_bin)) STORED,
  PRIMARY KEY (`a`),
  UNIQUE KEY `b` (`b`),
  CONSTRAINT `k` CHECK ((`a` <> (`b` collate utf8mb4_0900_ai_ci)))
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `u` (`a`,`b`) VALUES ('a','é'),('A','e'),('a ','É');

-- Dump completed on 2026-02-01  5:30:12
