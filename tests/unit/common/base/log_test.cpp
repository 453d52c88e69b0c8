// A status line and log lines share a terminal.
#include "common/base/log.h"

#include <gtest/gtest.h>

#include "tests/support/terminal.h"

namespace pipeline {
namespace {

constexpr std::string_view erased = "\r\x1b[K";

class StatusLine : public testing::Test {
 protected:
  void SetUp() override { log::configure(log::Level::info, log::Format::text); }
  void TearDown() override { log::configure(log::Level::info, log::default_format()); }
};

TEST_F(StatusLine, StaysBelowWhatIsLoggedAndGoesWithoutATrace) {
  test::TerminalAsStderr terminal(80);
  EXPECT_TRUE(log::shows_status());
  log::status("half");
  log::info("a line");
  log::status("all");
  log::status("");
  log::info("the end");
  const std::string text = terminal.text_until("the end\r\n");
  EXPECT_TRUE(text.starts_with("half" + std::string(erased))) << text;
  constexpr std::string_view line = "info  a line\r\n";
  const auto logged = text.find(line);
  ASSERT_NE(logged, std::string::npos) << text;
  const std::string behind = text.substr(logged + line.size());
  const std::string drawn = fmt::format("half{0}all{0}", erased);
  EXPECT_TRUE(behind.starts_with(drawn)) << text;
  EXPECT_TRUE(behind.ends_with("info  the end\r\n")) << text;
  EXPECT_EQ(behind.find(erased, drawn.size()), std::string::npos) << "nothing is drawn any more";
}

TEST_F(StatusLine, IsCutBeforeItWouldBeginAnotherLine) {
  test::TerminalAsStderr terminal(11);
  log::status("0123456789abc");
  log::status("");
  EXPECT_EQ(terminal.text_until(erased), "0123456789" + std::string(erased));
}

TEST_F(StatusLine, IsNotForOthersThanTerminalsNorForJson) {
  test::TerminalAsStderr terminal(80);
  log::configure(log::Level::info, log::Format::json);
  EXPECT_FALSE(log::shows_status());
  log::status("half");
  log::info("a line");
  EXPECT_TRUE(terminal.text_until("}\r\n").starts_with("{\"time\"")) << terminal.text_until("}");
}

}  // namespace
}  // namespace pipeline
