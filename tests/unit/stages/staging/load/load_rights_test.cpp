// When a load goes on with INSERTs.
#include "stages/staging/load/load_rights.h"

#include <gtest/gtest.h>

#include <string>

namespace pipeline {
namespace {

Error server_error(const std::string& number, const std::string& statement) {
  return Error(ErrorKind::sql_rejected, "refused")
      .with("errno", number)
      .with("statement", statement);
}

TEST(RefusedLocalInfile, IsKnownByTheServersNumberAndItsStatement) {
  const std::string load = "LOAD DATA LOCAL INFILE 'rows' INTO TABLE `s`.`t`";
  for (const auto* number : {"1148", "3948", "4166"}) {
    EXPECT_TRUE(refuses_local_infile(server_error(number, load))) << number;
    EXPECT_FALSE(refuses_local_infile(server_error(number, "INSERT INTO `t` VALUES"))) << number;
  }
  EXPECT_FALSE(refuses_local_infile(server_error("1146", load)));
  EXPECT_FALSE(refuses_local_infile(Error(ErrorKind::sql_rejected, "no server spoke")));
}

}  // namespace
}  // namespace pipeline
