// The two files of AWS's tools: what their dialect says, which file wins, what is refused by line.
#include "common/aws/shared_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::aws {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::string refusal(std::string_view text) {
  try {
    parse_ini(text, "credentials");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
  return "nothing was thrown";
}

TEST(SharedConfig, ReadsSectionsCommentsBothDelimitersAndNestedLines) {
  const auto sections = parse_ini(
      "# a comment\r\n[default]\r\nRegion = us-east-1\r\n; another\r\n\r\n"
      "[profile dev]\nrole_arn: arn:aws:iam::1:role/x\ns3 =\n  addressing_style = path\n"
      "aws_secret_access_key = a#b;c=d/e+f\nempty =\n",
      "config");
  EXPECT_THAT(sections.at("default"), ElementsAre(Pair("region", "us-east-1")));
  EXPECT_THAT(sections.at("profile dev"),
              ElementsAre(Pair("aws_secret_access_key", "a#b;c=d/e+f"), Pair("empty", ""),
                          Pair("role_arn", "arn:aws:iam::1:role/x"),
                          Pair("s3", "\naddressing_style = path")));
}

TEST(SharedConfig, NamesTheLineAndNeverWhatStandsInIt) {
  EXPECT_THAT(refusal("[a]\ncanary-secret\n"),
              AllOf(HasSubstr("credentials:2: neither"), Not(HasSubstr("canary"))));
  EXPECT_THAT(refusal("x = canary-secret\n"),
              AllOf(HasSubstr("credentials:1: a setting before"), Not(HasSubstr("canary"))));
  EXPECT_THAT(refusal("[a\n"), HasSubstr("credentials:1: a section without"));
  EXPECT_THAT(refusal("[a]\n[b]\n[a]\n"), HasSubstr("credentials:3: the section [a] stands twice"));
  EXPECT_THAT(refusal("[a]\nk = 1\nK = canary-secret\n"),
              AllOf(HasSubstr("credentials:3: k stands twice"), Not(HasSubstr("canary"))));
}

TEST(SharedConfig, TheCredentialsFileGoesFirstAndOnlyProfilesCount) {
  const SharedConfig files({.config_path = "C",
                            .config = "[default]\nregion = r1\n[profile 'd v']\nregion = r2\n"
                                      "[dev]\nregion = no profile\n[sso-session x]\nregion = no\n"
                                      "[profile both]\nregion = config\noutput = json\n",
                            .credentials_path = "K",
                            .credentials = "[both]\nregion = credentials\n"});
  EXPECT_EQ(files.find("default", "region"), "r1");
  EXPECT_EQ(files.find("d v", "region"), "r2");
  EXPECT_FALSE(files.has("dev"));
  EXPECT_FALSE(files.has("sso-session x"));
  EXPECT_EQ(files.find("both", "region"), "credentials");
  EXPECT_EQ(files.in_config("both", "region"), "config");
  EXPECT_EQ(files.find("both", "output"), "json");
  EXPECT_EQ(files.text(), "C and K");
  EXPECT_EQ(SharedConfig({.config_path = "C", .credentials_path = "K"}).text(),
            "C (not there) and K (not there)");
}

TEST(SharedConfig, SplitsACommandAsAShellDoesItsWordsAndNoMore) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(command_words("  get-keys --user  'a b' "), (Words{"get-keys", "--user", "a b"}));
  EXPECT_EQ(command_words(R"(a "b \" c\d" 'e\f' g\ h "")"),
            (Words{"a", R"(b " c\d)", R"(e\f)", "g h", ""}));
  EXPECT_EQ(command_words("a; rm -rf $HOME `id` | b > c"),
            (Words{"a;", "rm", "-rf", "$HOME", "`id`", "|", "b", ">", "c"}));
  EXPECT_EQ(command_words("a 'b"), std::nullopt);
  EXPECT_EQ(command_words("a \"b"), std::nullopt);
  EXPECT_EQ(command_words("a \\"), std::nullopt);
  EXPECT_EQ(command_words(" "), Words{});
}

}  // namespace
}  // namespace pipeline::aws
