CREATE TABLE `a``;drop table x` (`select` int, `b``)` text);
INSERT INTO `a``;drop table x` VALUES (1,'x');
CREATE TABLE `表` (`列` int);
INSERT INTO `表` (`列`) VALUES (2);
-- Dump completed
