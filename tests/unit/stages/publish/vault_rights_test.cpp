// Lines of SHOW GRANTS and what they mean for the vault.
#include "stages/publish/vault_rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> objections(VaultRole role, const std::vector<std::string>& lines) {
  std::vector<Grant> grants;
  for (const auto& line : lines) grants.push_back(parse_grant(line));
  return judge_grants(grants, role, "u@h", "vault");
}

TEST(GrantLine, IsReadInEachFormThatServersPrint) {
  const Grant usage = parse_grant("GRANT USAGE ON *.* TO `u`@`h` IDENTIFIED BY PASSWORD '*D8'");
  EXPECT_THAT(usage.privileges, ElementsAre("USAGE"));
  EXPECT_EQ(usage.schema, "*");
  const Grant two = parse_grant("GRANT SELECT, INSERT ON `vault`.* TO `u`@`h`");
  EXPECT_THAT(two.privileges, ElementsAre("INSERT", "SELECT"));
  EXPECT_EQ(two.schema, "vault");
  EXPECT_EQ(two.object, "*");
  const Grant columns = parse_grant(
      "GRANT SELECT (`a`, `b)`), UPDATE (`c`) ON `odd ON name`.`t TO u` TO `u`@`h` WITH GRANT "
      "OPTION");
  EXPECT_THAT(columns.privileges, ElementsAre("SELECT", "UPDATE"));
  EXPECT_EQ(columns.schema, "odd ON name");
  EXPECT_EQ(columns.object, "t TO u");
  EXPECT_TRUE(columns.grant_option);
  EXPECT_EQ(parse_grant("GRANT EXECUTE ON PROCEDURE `l`.`p` TO `u`@`h`").kind,
            Grant::Kind::routine);
  EXPECT_EQ(parse_grant("GRANT `auditor` TO `u`@`h`").object, "auditor");
  EXPECT_EQ(parse_grant("GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION").kind,
            Grant::Kind::role);
  EXPECT_EQ(parse_grant("GRANT DELETE ON `vault`.* TO PUBLIC").schema, "vault");
}

TEST(GrantLine, ThatIsNotUnderstoodIsRefusedWithoutItsPassword) {
  for (const std::string line : {"REVOKE x", "GRANT SELECT `vault`", "GRANT SELECT ON `vault"}) {
    try {
      static_cast<void>(parse_grant(line + " TO u IDENTIFIED BY PASSWORD '*D8'"));
      ADD_FAILURE() << line << " was understood";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::guard_refused);
      EXPECT_THAT(error.message(), Not(HasSubstr("*D8")));
    }
  }
}

TEST(SchemaPattern, KnowsItsWildcards) {
  EXPECT_TRUE(pattern_means("vault", "vault"));
  EXPECT_TRUE(pattern_means("va_lt", "vault"));
  EXPECT_TRUE(pattern_means("v%", "vault"));
  EXPECT_TRUE(pattern_means("%", "vault"));
  EXPECT_TRUE(pattern_means("*", "vault"));
  EXPECT_FALSE(pattern_means("vaul", "vault"));
  EXPECT_FALSE(pattern_means("vault_", "vault"));
  EXPECT_TRUE(pattern_means("my\\_vault", "my_vault"));
  EXPECT_FALSE(pattern_means("my\\_vault", "myXvault"));
  EXPECT_FALSE(pattern_means("", "vault"));
}

TEST(WriterOfTheVault, HasSelectAndInsertAndNoMore) {
  const std::vector<std::string> right{"GRANT USAGE ON *.* TO `u`@`h`",
                                       "GRANT SELECT, INSERT ON `vault`.* TO `u`@`h`",
                                       "GRANT SELECT ON `silver`.* TO `u`@`h`"};
  EXPECT_THAT(objections(VaultRole::writer, right), IsEmpty());
  const auto with = [&](const std::string& line) {
    auto lines = right;
    lines.push_back(line);
    return objections(VaultRole::writer, lines);
  };
  EXPECT_THAT(with("GRANT DELETE ON `vault`.`batch` TO `u`@`h`"),
              ElementsAre("u@h has DELETE on vault.batch"));
  EXPECT_THAT(with("GRANT UPDATE (`op`) ON `vault`.`t` TO `u`@`h`"), SizeIs(1));
  EXPECT_THAT(with("GRANT DROP ON `va%`.* TO `u`@`h`"), SizeIs(1)) << "a wildcard";
  EXPECT_THAT(with("GRANT ALL PRIVILEGES ON *.* TO `u`@`h`"), SizeIs(1));
  EXPECT_THAT(with("GRANT CREATE TEMPORARY TABLES ON `vault`.* TO `u`@`h`"), SizeIs(1));
  EXPECT_THAT(with("GRANT UPDATE ON `silver`.* TO `u`@`h`"), SizeIs(1))
      << "it reads what it keeps, and no more";
  EXPECT_THAT(with("GRANT SELECT ON `vault`.* TO `u`@`h` WITH GRANT OPTION"), SizeIs(1));
  EXPECT_THAT(with("GRANT `r` TO `u`@`h`"), ElementsAre(HasSubstr("may become r")));
  EXPECT_THAT(with("GRANT DELETE ON `vault`.* TO PUBLIC"), SizeIs(1));
}

TEST(WriterOfTheVault, NeedsBothRights) {
  EXPECT_THAT(objections(VaultRole::writer, {"GRANT SELECT ON `vault`.* TO `u`@`h`"}),
              ElementsAre("u@h lacks SELECT, INSERT on vault.*"));
  EXPECT_THAT(objections(VaultRole::writer, {"GRANT SELECT, INSERT ON `vault`.`t` TO `u`@`h`"}),
              SizeIs(1))
      << "on one table alone";
}

TEST(EverybodyElse, MayNotWriteThere) {
  EXPECT_THAT(
      objections(VaultRole::everybody, {"GRANT ALL PRIVILEGES ON `silver\\_\\_next`.* TO `u`@`h`",
                                        "GRANT SELECT ON `vault`.* TO `u`@`h`"}),
      IsEmpty());
  EXPECT_THAT(objections(VaultRole::everybody, {"GRANT INSERT ON `vault`.* TO `u`@`h`"}),
              SizeIs(1));
  EXPECT_THAT(objections(VaultRole::everybody, {"GRANT DROP, SUPER ON *.* TO `u`@`h`"}),
              ElementsAre("u@h has DROP, SUPER on *.*"));
}

}  // namespace
}  // namespace pipeline::publish
