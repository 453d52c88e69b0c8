// A login that is refused is read again once for all who were refused, and after a round in vain
// nobody tries for a while.
#include "common/mariadb/login_source.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace pipeline {
namespace {

Login login(const std::string& password) {
  return {.user = "app", .password = Secret(password), .origin = "the test"};
}

class LoginSourceTest : public testing::Test {
 protected:
  static std::string text(const std::optional<Login>& login) {
    return login ? login->password.reveal() : "none";
  }
  static Error refusal() { return Error(ErrorKind::access_denied, "refused"); }

  std::vector<std::string> there{"pw-1"};  // what lies in the place, the likeliest first
  int first_readings = 0;
  int later_readings = 0;
  test::FakeClock clock{std::chrono::sys_days(std::chrono::year(2026) / 2 / 1)};
  LoginSource source{{.first =
                          [this] {
                            ++first_readings;
                            return login(there.at(0));
                          },
                      .again =
                          [this] {
                            ++later_readings;
                            std::vector<Login> logins;
                            for (const auto& one : there) logins.push_back(login(one));
                            return logins;
                          }},
                     clock};
};

TEST_F(LoginSourceTest, IsReadOnceWhileTheServerTakesIt) {
  for (int session = 0; session < 5; ++session) {
    const Login used = source.current();
    EXPECT_EQ(text(used), "pw-1");
    source.accepted(used);
  }
  EXPECT_EQ(first_readings, 1);
  EXPECT_EQ(later_readings, 0);
}

TEST_F(LoginSourceTest, ReadsAgainOnceForAllWhoWereRefused) {
  const Login old = source.current();
  source.accepted(old);
  there = {"pw-2"};
  EXPECT_EQ(text(source.after_refusal(old)), "pw-2");
  EXPECT_EQ(text(source.after_refusal(old)), "pw-2") << "the second one who was refused";
  EXPECT_EQ(later_readings, 1);
  source.accepted(login("pw-2"));
  EXPECT_EQ(text(source.current()), "pw-2");
  there = {"pw-3"};
  EXPECT_EQ(text(source.after_refusal(login("pw-2"))), "pw-3") << "a later rotation";
  EXPECT_EQ(later_readings, 2);
}

TEST_F(LoginSourceTest, TriesEachLoginOnceInItsOrder) {
  there = {"current", "pending", "current", "previous"};
  EXPECT_EQ(text(source.after_refusal(source.current())), "pending");
  EXPECT_EQ(text(source.after_refusal(login("pending"))), "previous");
  EXPECT_EQ(text(source.after_refusal(login("previous"))), "none");
  EXPECT_EQ(later_readings, 1);
}

TEST_F(LoginSourceTest, AnOlderSessionDoesNotEndTheRound) {
  there = {"current", "pending", "previous"};
  const Login old = source.current();
  EXPECT_EQ(text(source.after_refusal(old)), "pending");
  source.accepted(old);  // was under way before the rotation
  EXPECT_EQ(text(source.after_refusal(login("pending"))), "previous");
  EXPECT_EQ(later_readings, 1);
}

TEST_F(LoginSourceTest, AfterARoundInVainNobodyLogsInForAMinute) {
  const Login old = source.current();
  EXPECT_EQ(text(source.after_refusal(old)), "none");
  source.gave_up(refusal());
  EXPECT_EQ(text(source.after_refusal(old)), "none") << "somebody who was refused meanwhile";
  for (int session = 0; session < 5; ++session) EXPECT_THROW(source.current(), Error);
  EXPECT_EQ(later_readings, 1);
  there = {"pw-2"};
  clock.sleep_for(std::chrono::seconds(61));
  EXPECT_EQ(text(source.current()), "pw-2") << "somebody has put it right";
  EXPECT_EQ(first_readings, 2);
}

}  // namespace
}  // namespace pipeline
