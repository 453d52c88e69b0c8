// A login that is refused is read again once for all who were refused, and after a round in vain
// nobody tries for a while.
#include "common/mariadb/login_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Login login(const std::string& password) {
  return {.user = "app", .password = Secret(password), .origin = "the test"};
}

Error refusal() {
  return Error(ErrorKind::access_denied, "the server refused");
}

class LoginSourceTest : public testing::Test {
 protected:
  /// A password, "" for none, or "!" and the reason why it cannot be read.
  std::optional<Login> read(std::size_t place) {
    if (place >= there.size() || there[place].empty()) return {};
    if (there[place][0] == '!') throw Error(unreadable_kind, there[place].substr(1));
    return login(there[place]);
  }
  LoginSource::Reading reading(std::size_t place) {
    return [this, place] {
      later_readings.push_back(place);
      return read(place);
    };
  }

  std::string after_refusal(const std::string& password) { return after_refusal(login(password)); }
  std::string after_refusal(const Login& refused) {
    return source.after_refusal(refused, refusal()).password.reveal();
  }
  std::string end_in_vain(const std::string& refused) {
    return thrown([&] { after_refusal(refused); });
  }
  std::string current() { return source.current().password.reveal(); }
  std::string pause() {
    return thrown([&] { source.current(); });
  }
  /// "Pipeline.AccessDenied: why"
  template <class Action>
  static std::string thrown(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return std::string(error.name()) + ": " + error.what();
    }
    return "nothing was thrown";
  }

  std::vector<std::string> there{"pw-1"};  // what lies in the place, the likeliest first
  ErrorKind unreadable_kind = ErrorKind::access_denied;
  int first_readings = 0;
  std::vector<std::size_t> later_readings;
  test::FakeClock clock{std::chrono::sys_days(std::chrono::year(2026) / 2 / 1)};
  LoginSource source{{.first =
                          [this] {
                            ++first_readings;
                            return read(0).value();
                          },
                      .again = {reading(0), reading(1), reading(2), reading(3)}},
                     clock};
};

TEST_F(LoginSourceTest, IsReadOnceWhileTheServerTakesIt) {
  for (int session = 0; session < 5; ++session) {
    const Login used = source.current();
    EXPECT_EQ(used.password.reveal(), "pw-1");
    source.accepted(used);
  }
  EXPECT_EQ(first_readings, 1);
  EXPECT_THAT(later_readings, ElementsAre());
}

TEST_F(LoginSourceTest, ReadsAgainOnceForAllWhoWereRefused) {
  const Login old = source.current();
  source.accepted(old);
  there = {"pw-2"};
  EXPECT_EQ(after_refusal(old), "pw-2");
  EXPECT_EQ(after_refusal(old), "pw-2") << "the second one who was refused";
  EXPECT_THAT(later_readings, ElementsAre(0));
  source.accepted(login("pw-2"));
  EXPECT_EQ(current(), "pw-2");
  there = {"pw-3"};
  EXPECT_EQ(after_refusal("pw-2"), "pw-3") << "a later rotation";
  EXPECT_THAT(later_readings, ElementsAre(0, 0));
}

TEST_F(LoginSourceTest, TriesEachLoginOnceInItsOrder) {
  there = {"current", "pending", "current", "previous"};
  EXPECT_EQ(after_refusal(source.current()), "pending");
  EXPECT_EQ(after_refusal("pending"), "previous");
  EXPECT_THAT(end_in_vain("previous"), HasSubstr("the server refused"));
  EXPECT_THAT(later_readings, ElementsAre(0, 1, 2, 3)) << "each once";
}

TEST_F(LoginSourceTest, ReadsNothingBehindALoginThatIsTaken) {
  const Login old = source.current();
  there = {"current", "!half made", "!of another user"};
  EXPECT_EQ(after_refusal(old), "current");
  source.accepted(login("current"));
  EXPECT_EQ(current(), "current");
  EXPECT_THAT(later_readings, ElementsAre(0));
}

TEST_F(LoginSourceTest, PassesOverWhatCannotBeReadBehindALogin) {
  there = {"current", "!half made", "previous"};
  EXPECT_EQ(after_refusal(source.current()), "previous") << "the current one is the refused one";
  EXPECT_THAT(end_in_vain("previous"),
              AllOf(HasSubstr("the server refused"), HasSubstr("half made")));
  EXPECT_THAT(pause(), HasSubstr("half made"));
}

TEST_F(LoginSourceTest, WhatIsPassedOverInOneRoundIsNotToldOfTheNext) {
  there = {"current", "!half made", "previous"};
  EXPECT_EQ(after_refusal(source.current()), "previous");
  source.accepted(login("previous"));
  there = {"current"};
  EXPECT_EQ(after_refusal("previous"), "current");
  EXPECT_THAT(end_in_vain("current"), Not(HasSubstr("half made")));
}

TEST_F(LoginSourceTest, AStopIsNotPassedOver) {
  there = {"current", "!the run is to end", "previous"};
  unreadable_kind = ErrorKind::cancelled;
  const Login old = source.current();
  EXPECT_THAT(thrown([&] { after_refusal(old); }), HasSubstr("Pipeline.Cancelled"));
}

TEST_F(LoginSourceTest, AnOlderSessionDoesNotEndTheRound) {
  there = {"current", "pending", "previous"};
  const Login old = source.current();
  EXPECT_EQ(after_refusal(old), "pending");
  source.accepted(old);  // was under way before the rotation
  EXPECT_EQ(after_refusal("pending"), "previous");
  EXPECT_THAT(later_readings, ElementsAre(0, 1, 2));
}

TEST_F(LoginSourceTest, AfterARoundInVainNobodyLogsInForAMinute) {
  const std::string old = current();
  EXPECT_THAT(end_in_vain(old), HasSubstr("the server refused"));
  EXPECT_THAT(end_in_vain(old), HasSubstr("the server refused"))
      << "somebody who was refused meanwhile";
  for (int session = 0; session < 5; ++session) {
    EXPECT_THAT(pause(), HasSubstr("the server refused"));
  }
  EXPECT_THAT(later_readings, ElementsAre(0, 1, 2, 3));
  there = {"pw-2"};
  clock.sleep_for(std::chrono::seconds(61));
  EXPECT_EQ(current(), "pw-2") << "somebody has put it right";
  EXPECT_EQ(first_readings, 2);
}

TEST_F(LoginSourceTest, APlaceThatCannotBeReadAgainBeginsTheMinuteToo) {
  const std::string old = current();
  there = {"!the service is away", "pending"};
  unreadable_kind = ErrorKind::unavailable;
  const auto whole = AllOf(HasSubstr("Pipeline.Unavailable: the service is away"),
                           HasSubstr("the server refused"));
  EXPECT_THAT(end_in_vain(old), whole);
  for (int session = 0; session < 5; ++session) EXPECT_THAT(pause(), whole);
  EXPECT_THAT(end_in_vain(old), whole) << "somebody who was refused meanwhile";
  EXPECT_THAT(later_readings, ElementsAre(0));
  there = {"pw-2"};
  clock.sleep_for(std::chrono::seconds(61));
  EXPECT_EQ(current(), "pw-2");
}

}  // namespace
}  // namespace pipeline
