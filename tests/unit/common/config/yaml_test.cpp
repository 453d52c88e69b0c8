// What the YAML tree promises: places, order, exact texts, and refusal of double keys.
#include "common/config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

std::string failure_of(std::string_view text) {
  try {
    YamlNode::parse(text, "f.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
  return "no failure";
}

TEST(Yaml, KeepsOrderAndPlaces) {
  const auto root = YamlNode::parse("b: 1\na:\n  - x\n  - 'y'\n", "f.yaml");
  ASSERT_EQ(root.entries().size(), 2U);
  EXPECT_EQ(root.entries()[0].first.text(), "b");
  EXPECT_EQ(root.at("a").items()[1].where(), "f.yaml:4:5");
}

TEST(Yaml, LeavesPlainScalarsAsTheyAreWritten) {
  const auto root = YamlNode::parse("t: 07:00\nb: on\nz: 0123\nq: 'on'\n", "f.yaml");
  EXPECT_EQ(root.at("t").text(), "07:00");
  EXPECT_EQ(root.at("z").text(), "0123");
  EXPECT_TRUE(root.at("b").as_bool());
  EXPECT_EQ(root.at("b").quoted(), YamlNode::Quoted::no);
  EXPECT_EQ(root.at("q").quoted(), YamlNode::Quoted::yes);
}

TEST(Yaml, RefusesAKeyGivenTwiceWithItsPlace) {
  EXPECT_THAT(failure_of("a: 1\nb: 2\na: 3\n"),
              HasSubstr("f.yaml:3:1: the key \"a\" is given twice"));
}

TEST(Yaml, NamesThePlaceOfBrokenYaml) {
  EXPECT_THAT(failure_of("a: [1, 2\n"), HasSubstr("f.yaml:"));
}

TEST(Yaml, NamesTheLineOfAByteThatIsNoText) {
  EXPECT_EQ(failure_of("a: 1\nb: caf\xE9\n"),
            "f.yaml:2: not a text in UTF-8: the byte 0xE9 stands there; save the file as UTF-8");
  EXPECT_THAT(failure_of(std::string_view("a: \0", 4)), HasSubstr("f.yaml:1: not a text"));
}

TEST(Yaml, TakesByteOrderMarks) {
  EXPECT_EQ(YamlNode::parse("\xEF\xBB\xBF"
                            "a: 1\n",
                            "f.yaml")
                .at("a")
                .text(),
            "1");
  EXPECT_EQ(YamlNode::parse(std::string_view("\xFF\xFE"
                                             "a\0:\0 \0"
                                             "1\0",
                                             10),
                            "f.yaml")
                .at("a")
                .text(),
            "1");
}

TEST(Yaml, AnEmptyDocumentIsNullAndHasAPlace) {
  for (const std::string_view text : {"", "\n", "# nothing\n"}) {
    const auto root = YamlNode::parse(text, "f.yaml");
    EXPECT_TRUE(root.is_null());
    EXPECT_EQ(root.where(), "f.yaml:1:1");
  }
}

TEST(Yaml, SaysWhyAFileCannotBeRead) {
  const auto failure = [](const std::string& path) -> std::string {
    try {
      YamlNode::parse_file(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return "no failure";
  };
  EXPECT_EQ(failure("/no/such.yaml"), "cannot open /no/such.yaml: No such file or directory");
  EXPECT_EQ(failure("/proc"), "cannot read /proc: Is a directory");
  EXPECT_EQ(failure("/dev/null/x.yaml"), "cannot open /dev/null/x.yaml: Not a directory");
  EXPECT_TRUE(YamlNode::parse_file("/dev/null").is_null());
}

TEST(Yaml, RefusesAnAliasBomb) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "" : ", ") + previous;
    bomb += "]\n";
  }
  EXPECT_THAT(failure_of(bomb), HasSubstr("million nodes"));
}

TEST(Yaml, SuggestsTheNearestKnownKey) {
  const auto root = YamlNode::parse("sorce: x\n", "f.yaml");
  try {
    root.allow_only({"source", "warehouse"});
    FAIL() << "an unknown key was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "f.yaml:1:1: unknown key \"sorce\"; did you mean \"source\"?");
  }
}

TEST(Yaml, RefusesANumberWithATail) {
  const auto root = YamlNode::parse("n: 12x\n", "f.yaml");
  EXPECT_THROW(root.at("n").as_int(), Error);
}

}  // namespace
}  // namespace pipeline
