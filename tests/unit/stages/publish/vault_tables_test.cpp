// The tables of the vault: names that fit, statements that make them, what no longer fits.
#include "stages/publish/vault_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Nullable = TableColumn::Nullable;

TableColumn number(const std::string& name) {
  return {.name = name, .data_type = "int", .column_type = "int(11)", .nullable = Nullable::no};
}

TableColumn text(const std::string& name, const std::string& type = "varchar(20)",
                 const std::string& collation = "utf8mb4_unicode_ci") {
  return {.name = name,
          .data_type = type.substr(0, type.find('(')),
          .column_type = type,
          .charset = "utf8mb4",
          .collation = collation};
}

const VaultedTable history{.live = {"silver", "history"}, .key = {"tenant_id", "valid_from"}};
const TableName kept_in{"vault", "silver__history"};
const std::vector<TableColumn> columns{number("tenant_id"), text("valid_from"), text("status")};
const std::vector<std::string> kept_key{"vault_batch", "tenant_id", "valid_from"};

std::vector<std::string> misfits(const std::vector<TableColumn>& kept,
                                 const std::vector<std::string>& key = kept_key) {
  return vault_misfits(history, kept_in, columns, kept, key, "vault init");
}

TEST(VaultTable, HasANameThatFits) {
  EXPECT_EQ(vault_table("vault", {"silver", "history"}).text(), "vault.silver__history");
  const TableName longest = vault_table("vault", {"silver", std::string(64, 'a')});
  EXPECT_EQ(longest.table.size(), 64U);
  EXPECT_NE(longest, vault_table("vault", {"silver", std::string(63, 'a') + "b"}));
}

TEST(VaultTable, KeepsWholeRowsByBatchAndKey) {
  const std::string sql = vault_statement(history, kept_in, columns, {});
  EXPECT_THAT(sql, HasSubstr("CREATE TABLE `vault`.`silver__history`"));
  EXPECT_THAT(sql, HasSubstr("PRIMARY KEY (`vault_batch`, `tenant_id`, `valid_from`)"));
  EXPECT_THAT(sql, HasSubstr("`valid_from` varchar(20) CHARACTER SET utf8mb4 COLLATE "
                             "utf8mb4_unicode_ci NOT NULL"))
      << "a key column is never NULL";
  EXPECT_THAT(sql, HasSubstr("`status` varchar(20) CHARACTER SET utf8mb4 COLLATE "
                             "utf8mb4_unicode_ci NULL DEFAULT NULL"));
  EXPECT_THAT(sql, Not(HasSubstr("AUTO_INCREMENT")));
}

TEST(VaultTable, GetsTheColumnsThatItLacksAndNoOthers) {
  EXPECT_EQ(vault_statement(history, kept_in, columns, columns), "");
  EXPECT_THAT(vault_statement(history, kept_in, columns, {columns[0], columns[1]}),
              HasSubstr("ALTER TABLE `vault`.`silver__history` ADD COLUMN `status` varchar(20)"));
}

TEST(VaultTable, CannotKeepEveryTable) {
  const auto refusal = [](const std::vector<TableColumn>& of) {
    try {
      static_cast<void>(vault_statement(history, kept_in, of, {}));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return std::string();
  };
  EXPECT_THAT(refusal({number("tenant_id"), text("valid_from", "longtext")}),
              HasSubstr("the key column valid_from of silver.history is of type longtext"));
  EXPECT_THAT(refusal({number("tenant_id")}), HasSubstr("no column valid_from"));
  EXPECT_THAT(refusal({number("tenant_id"), text("valid_from"), text("vault_op", "char(1)")}),
              HasSubstr("a name that the vault needs itself"));
}

TEST(VaultMisfit, IsNamedWithWhatToType) {
  EXPECT_THAT(misfits(columns), IsEmpty());
  EXPECT_THAT(misfits({}), ElementsAre(HasSubstr("make it with: vault init")));
  EXPECT_THAT(misfits({columns[0], columns[1]}),
              ElementsAre("vault.silver__history lacks the column status of silver.history; add "
                          "with: vault init"));
  EXPECT_THAT(misfits({columns[0], columns[1], text("status", "varchar(5)")}),
              ElementsAre(HasSubstr("ALTER TABLE `vault`.`silver__history` MODIFY `status` "
                                    "varchar(20)")));
  EXPECT_THAT(misfits(columns, {"vault_batch", "tenant_id"}),
              ElementsAre(HasSubstr("keeps rows by (vault_batch, tenant_id)")));
}

TEST(VaultMisfit, IsNotWhatHoldsEveryValue) {
  TableColumn shown_wider = number("tenant_id");
  shown_wider.column_type = "int(20)";
  TableColumn dropped = text("dropped_long_ago");
  EXPECT_THAT(misfits({shown_wider, columns[1], text("status", "varchar(99)"), dropped}),
              IsEmpty());
  EXPECT_THAT(misfits({columns[0], columns[1], text("status", "varchar(20)", "utf8mb4_bin")}),
              IsEmpty())
      << "bytes are kept, whatever their order";
  EXPECT_THAT(misfits({columns[0], text("valid_from", "varchar(20)", "utf8mb4_bin"), columns[2]}),
              ElementsAre(HasSubstr("silver.history.valid_from")))
      << "what a key calls equal must stay so";
}

}  // namespace
}  // namespace pipeline::publish
