// Names that the publish step makes fit the server's limits.
#include <string>

#include <gtest/gtest.h>

#include "stages/publish/names.h"
#include "stages/publish/run_lock.h"

namespace pipeline::publish {
namespace {

const std::string suffix = "_backup_20260202_070501";

TEST(BackupName, KeepsShortNamesWhole) {
  EXPECT_EQ(backup_name("tenant_status_history", suffix),
            "tenant_status_history_backup_20260202_070501");
  EXPECT_EQ(backup_name(std::string(41, 'a'), suffix).size(), 64U);
}

TEST(BackupName, ShortensLongNamesToDifferentOnes) {
  const std::string one(60, 'a');
  const std::string other = one + "b";
  EXPECT_EQ(backup_name(one, suffix).size(), 64U);
  EXPECT_NE(backup_name(one, suffix), backup_name(other, suffix));
  EXPECT_TRUE(backup_name(one, suffix).ends_with(suffix));
}

TEST(BackupName, CutsNoCharacterInTwo) {
  std::string name;
  for (int i = 0; i < 21; ++i) name += "表";  // 63 bytes
  const std::string shortened = backup_name(name, suffix);
  EXPECT_LE(shortened.size(), 64U);
  const auto hash_at = shortened.find('_');
  EXPECT_EQ(hash_at % 3, 0U) << "a whole number of three-byte characters stands before the hash";
}

TEST(LockName, IsShorterThanMySqlAllowsAndTheSameInAnyLetterCase) {
  EXPECT_LT(lock_name(std::string(64, 'x')).size(), 64U);
  EXPECT_NE(lock_name("gold"), lock_name("silver"));
  EXPECT_EQ(lock_name("Gold"), lock_name("gold")) << "servers with folding table names";
}

}  // namespace
}  // namespace pipeline::publish
