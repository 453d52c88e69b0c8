// What an operator reads when the server refuses a model's statement.
#include "stages/transform/run/node_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

using testing::HasSubstr;

/// Line 1 of the SQL is line 4 of the file, and so on; line 3 came from a macro called on line 6.
CompiledSql compiled() {
  return {.sql = "select a,\n  b_col,\n  b_col from t\nwhere A = 1 and t.nowhere = 2",
          .file = "models/a.sql",
          .lines = {4, 5, 6, 6}};
}

Error server_says(unsigned int number, const std::string& words,
                  ErrorKind kind = ErrorKind::sql_rejected) {
  return Error(kind, words).with("errno", std::to_string(number)).with("sqlstate", "42000");
}

std::string place(unsigned int number, const std::string& words, int sql_line = 2) {
  return place_of_fault(server_says(number, words), compiled(), sql_line).text();
}

TEST(LineInMessage, IsTheLastOneNamed) {
  EXPECT_EQ(line_in_message("error near 'x at line 9' at line 3"), 3);
  EXPECT_EQ(line_in_message("Unknown column"), std::nullopt);
  EXPECT_EQ(line_in_message("stopped at line "), std::nullopt);
}

TEST(PlaceOfFault, FollowsTheServersLineBackIntoTheFile) {
  EXPECT_EQ(place(1064, "You have an error near '::date' at line 2"), "models/a.sql:4");
  EXPECT_EQ(place(1064, "You have an error near '' at line 5"), "models/a.sql:6");
  EXPECT_EQ(place(1064, "You have an error near '' at line 1", 1), "models/a.sql:4");
  EXPECT_EQ(place(1064, "You have an error near 'CREATE' at line 1"), "models/a.sql:4");
}

TEST(PlaceOfFault, FindsTheOneLineWithAnUnknownName) {
  EXPECT_EQ(place(1054, "Unknown column 't.nowhere' in 'WHERE'"), "models/a.sql:6");
  EXPECT_EQ(place(1305, "FUNCTION silver.A does not exist"), "models/a.sql")
      << "its message quotes nothing";
  EXPECT_EQ(place(1146, "Table 'silver.nowhere' doesn't exist"), "models/a.sql:6");
  EXPECT_EQ(place(1054, "Unknown column 'b_col' in 'SELECT'"), "models/a.sql")
      << "two lines have it";
  EXPECT_EQ(place(1054, "Unknown column 'b' in 'SELECT'"), "models/a.sql") << "no whole word is b";
  EXPECT_EQ(place(1062, "Duplicate entry"), "models/a.sql");
}

TEST(NodeError, KeepsKindAndNumberAndNamesTheNode) {
  Node node;
  node.unique_id = "model.shop.a";
  const Error error = node_error(server_says(1213, "Deadlock found", ErrorKind::lock_contention),
                                 node, {.file = "models/a.sql", .line = 4});
  EXPECT_EQ(error.kind(), ErrorKind::lock_contention);
  EXPECT_EQ(error.message(), "models/a.sql:4: Deadlock found");
  EXPECT_EQ(error.context_value("errno"), "1213");
  EXPECT_EQ(error.context_value("node"), "model.shop.a");
  EXPECT_EQ(error.context_value("line"), "4");
}

TEST(HookError, IsAHookFailureOnlyIfTheServerRefusedIt) {
  const auto kind_of = [](ErrorKind kind) {
    return hook_error(Error(kind, "x"), ErrorKind::hook_failed, "post-hook 1", "a.sql").kind();
  };
  EXPECT_EQ(kind_of(ErrorKind::sql_rejected), ErrorKind::hook_failed);
  EXPECT_EQ(kind_of(ErrorKind::access_denied), ErrorKind::hook_failed);
  EXPECT_EQ(kind_of(ErrorKind::unavailable), ErrorKind::unavailable);
  EXPECT_EQ(kind_of(ErrorKind::lock_contention), ErrorKind::lock_contention);
  EXPECT_EQ(
      hook_error(Error(ErrorKind::sql_rejected, "x"), ErrorKind::on_run_end_failed, "", "").kind(),
      ErrorKind::on_run_end_failed);
}

TEST(HookError, SaysSoWhenALiveTableWasNamed) {
  const Error denied =
      hook_error(server_says(1142, "DELETE command denied to user", ErrorKind::access_denied),
                 ErrorKind::hook_failed, "post-hook 2 of model.shop.a", "models/a.sql");
  EXPECT_THAT(denied.message(), HasSubstr("models/a.sql: post-hook 2 of model.shop.a: DELETE "
                                          "command denied to user; hooks may write only to "
                                          "candidates"));
  const Error other = hook_error(server_says(1054, "Unknown column 'x'"), ErrorKind::hook_failed,
                                 "post-hook 1", "models/a.sql");
  EXPECT_EQ(other.message(), "models/a.sql: post-hook 1: Unknown column 'x'");
}

}  // namespace
}  // namespace pipeline::dbt
