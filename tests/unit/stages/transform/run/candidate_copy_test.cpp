// Which keys of a table can be taken off while its rows are copied.
#include "stages/transform/run/candidate_copy.h"

#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

std::vector<std::string> names(const std::vector<SecondaryKey>& keys) {
  std::vector<std::string> found;
  for (const auto& key : keys) found.push_back(key.name);
  return found;
}

using Names = std::vector<std::string>;

TEST(RemovableKeys, AreTheSecondaryOnesWithTheirWholeDefinition) {
  const auto keys = removable_keys(
      "CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `odd``name` text DEFAULT NULL,\n"
      "  PRIMARY KEY (`id`),\n  UNIQUE KEY `one` (`id`,`odd``name`(20)),\n"
      "  KEY `odd``key` (`odd``name`(10)) USING BTREE COMMENT 'a, b',\n"
      "  FULLTEXT KEY `words` (`odd``name`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
  EXPECT_EQ(names(keys), (Names{"one", "odd`key", "words"}));
  EXPECT_EQ(keys[1].definition, "KEY `odd``key` (`odd``name`(10)) USING BTREE COMMENT 'a, b'");
}

TEST(RemovableKeys, LeaveOutTheKeyThatAnAutoIncrementColumnNeeds) {
  const auto keys = removable_keys(
      "CREATE TABLE `t` (\n  `day` date NOT NULL,\n  `n` bigint(20) NOT NULL AUTO_INCREMENT,\n"
      "  PRIMARY KEY (`day`,`n`),\n  KEY `n` (`n`),\n  KEY `n_too` (`n`,`day`),\n"
      "  KEY `by_day` (`day`)\n) ENGINE=InnoDB");
  EXPECT_EQ(names(keys), Names{"by_day"});
}

TEST(RemovableKeys, LeaveOutUniqueKeysOfATableWithoutAPrimaryOne) {
  const auto keys = removable_keys(
      "CREATE TABLE `t` (\n  `a` int(11) NOT NULL,\n  UNIQUE KEY `a` (`a`),\n  KEY `b` (`a`)\n"
      ") ENGINE=InnoDB");
  EXPECT_EQ(names(keys), Names{"b"});
}

TEST(RemovableKeys, AreNotSeenInsideColumnDefinitions) {
  EXPECT_TRUE(
      removable_keys("CREATE TABLE `t` (\n  `KEY ``x` int(11) COMMENT 'KEY `y` (`a`)'\n)").empty());
}

}  // namespace
}  // namespace pipeline::dbt
