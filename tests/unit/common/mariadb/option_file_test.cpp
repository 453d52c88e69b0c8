// Option files in the dialect of the MySQL and MariaDB clients.
#include "common/mariadb/option_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Options = std::map<std::string, std::string>;

Options client(std::string_view text) {
  return parse_option_file(text, "my.cnf", "client");
}

TEST(OptionFile, TakesOneGroupQuotesEscapesAndComments) {
  EXPECT_EQ(
      client("# a comment\n!includedir /etc/mysql/conf.d\n[mysqld]\nuser = other\n[client]\r\n"
             "user = etl_load  # who\npassword = \"a # b\\\"c\"\r\n; another\n"
             "SSL_CA=/etc/ca\\sfile\n[ client ]\nskip-ssl\n[mysql]\npassword=x\n"),
      (Options{{"user", "etl_load"},
               {"password", "a # b\"c"},
               {"ssl-ca", "/etc/ca file"},
               {"skip-ssl", ""}}));
  EXPECT_EQ(client("[client]\npassword=one\npassword='two'x\n").at("password"), "two");
  EXPECT_EQ(client("[client]\npassword=a\\qb\\\\c=d \n").at("password"), "a\\qb\\c=d");
  EXPECT_EQ(client("[client]\npassword\n").at("password"), "");
  EXPECT_EQ(client("[client]\npassword=\"\"\n").at("password"), "");
  EXPECT_EQ(client(""), Options{});
}

TEST(OptionFile, NamesTheLineAndNeverWhatStandsInIt) {
  const auto refusal = [](std::string_view text) -> std::string {
    try {
      client(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(refusal("\npassword=canary\n"),
              AllOf(HasSubstr("my.cnf:2: an option before"), Not(HasSubstr("canary"))));
  EXPECT_THAT(refusal("[client\n"), HasSubstr("my.cnf:1: a group without"));
}

}  // namespace
}  // namespace pipeline
