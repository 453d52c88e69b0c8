// Secrets do not come out by accident.
#include "common/base/secret.h"

#include <sstream>
#include <type_traits>

#include <gtest/gtest.h>

#include "common/base/redacted_json.h"

namespace pipeline {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(Secret, HasNoWayOutButReveal) {
  EXPECT_FALSE(Printable<Secret>);
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
  EXPECT_EQ(Secret("geheim-1").reveal(), "geheim-1");
}

TEST(Redactor, BlotsOutEveryOccurrenceOfEverySecret) {
  const Secret one("geheim-1");
  const Secret two("s3cr3t\"x");
  EXPECT_EQ(redact("a geheim-1 b s3cr3t\"x geheim-1geheim-1"), "a *** b *** ******");
}

TEST(Redactor, LeavesOrdinaryWordsAlone) {
  const Secret shorty("ab");
  EXPECT_EQ(redact("about"), "about");
}

TEST(Redactor, FindsInJsonWhatItsWriterEscapes) {
  const std::string value = "geheim \"2\"\\of\ntwo lines";
  const Secret secret(value);
  Json inner = Json::object();
  inner.set("cause of " + value, Json::Array{Json("said " + value), Json(7), Json()});
  Json document = Json::object();
  document.set("context", std::move(inner));
  EXPECT_EQ(redacted(document).dump(), R"({"context":{"cause of ***":["said ***",7,null]}})");
}

}  // namespace
}  // namespace pipeline
