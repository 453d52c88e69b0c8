// Credentials are kept until shortly before they expire; one thread at a time brings new ones.
#include "common/aws/cached_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "common/base/error.h"
#include "tests/support/fake_clock.h"

namespace pipeline::aws {
namespace {

using namespace std::chrono_literals;

/// Gives numbered keys that last as long as the test says.
class NumberedKeys : public CredentialsSource {
 public:
  explicit NumberedKeys(Clock& clock) : clock_(clock) {}
  Credentials fetch() override {
    const int number = ++fetched;
    started.release();
    if (wait_for_gate) gate.acquire();
    if (fails) throw Error(ErrorKind::unavailable, "STS is away");
    Credentials credentials{.access_key_id = Secret("AK-" + std::to_string(number)),
                            .secret_access_key = Secret("canary-secret"),
                            .session_token = {}};
    if (lasts) credentials.expires_at = clock_.now() + *lasts;
    return credentials;
  }
  std::string text() const override { return "the test"; }

  std::atomic<int> fetched{0};
  std::atomic<bool> fails{false};
  std::atomic<bool> wait_for_gate{false};
  std::counting_semaphore<100> started{0};
  std::counting_semaphore<100> gate{0};
  std::optional<std::chrono::seconds> lasts = 3600s;

 private:
  Clock& clock_;
};

class CachedCredentialsTest : public testing::Test {
 protected:
  std::string fetch() { return cached.fetch().access_key_id.reveal(); }
  test::FakeClock clock{std::chrono::sys_days(std::chrono::year(2026) / 2 / 1)};
  std::shared_ptr<NumberedKeys> source = std::make_shared<NumberedKeys>(clock);
  CachedCredentials cached{source, clock};
};

TEST_F(CachedCredentialsTest, AreKeptUntilFiveMinutesBeforeTheyExpire) {
  EXPECT_EQ(fetch(), "AK-1");
  clock.sleep_for(54min);
  EXPECT_EQ(fetch(), "AK-1");
  clock.sleep_for(1min);
  EXPECT_EQ(fetch(), "AK-2");
  EXPECT_EQ(fetch(), "AK-2");
}

TEST_F(CachedCredentialsTest, WithoutAnExpiryAreKeptForEver) {
  source->lasts.reset();
  EXPECT_EQ(fetch(), "AK-1");
  clock.sleep_for(24h);
  EXPECT_EQ(fetch(), "AK-1");
}

TEST_F(CachedCredentialsTest, ARefreshThatFailsIsNoFailureWhileTheOldOnesLast) {
  EXPECT_EQ(fetch(), "AK-1");
  clock.sleep_for(56min);
  source->fails = true;
  EXPECT_EQ(fetch(), "AK-1");
  EXPECT_EQ(fetch(), "AK-1");
  EXPECT_EQ(source->fetched, 2) << "the next try is not at once";
  clock.sleep_for(31s);
  EXPECT_EQ(fetch(), "AK-1");
  EXPECT_EQ(source->fetched, 3);
  clock.sleep_for(4min);
  EXPECT_THROW(fetch(), Error);
  source->fails = false;
  EXPECT_EQ(fetch(), "AK-5");
}

TEST_F(CachedCredentialsTest, ThatLastForMinutesOnlyAreNotFetchedWithEachRequest) {
  source->lasts = 120s;
  EXPECT_EQ(fetch(), "AK-1");
  EXPECT_EQ(fetch(), "AK-1");
  clock.sleep_for(31s);
  EXPECT_EQ(fetch(), "AK-2");
  EXPECT_EQ(fetch(), "AK-2");
  EXPECT_EQ(source->fetched, 2);
}

TEST_F(CachedCredentialsTest, AreRenewedOnceForAllWhoWereRefused) {
  const Credentials first = cached.fetch();
  EXPECT_EQ(cached.renew(first).access_key_id.reveal(), "AK-2");
  EXPECT_EQ(cached.renew(first).access_key_id.reveal(), "AK-2") << "somebody brought newer ones";
  EXPECT_EQ(source->fetched, 2);
}

TEST_F(CachedCredentialsTest, ManyThreadsAskTheSourceOnce) {
  source->wait_for_gate = true;
  std::vector<std::string> seen(8);
  std::vector<std::thread> threads;
  threads.reserve(seen.size());
  for (auto& one : seen) threads.emplace_back([&] { one = fetch(); });
  source->started.acquire();
  source->gate.release(100 - 1);  // whoever else asked the source would pass too
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(seen, testing::Each("AK-1"));
  EXPECT_EQ(source->fetched, 1);
}

TEST_F(CachedCredentialsTest, OthersGoOnWithTheOldOnesDuringARefresh) {
  EXPECT_EQ(fetch(), "AK-1");
  source->started.acquire();
  clock.sleep_for(56min);
  source->wait_for_gate = true;
  std::string renewed;
  std::thread refresher([&] { renewed = fetch(); });
  source->started.acquire();  // the refresh is under way and does not end
  EXPECT_EQ(fetch(), "AK-1");
  source->gate.release();
  refresher.join();
  EXPECT_EQ(renewed, "AK-2");
  EXPECT_EQ(source->fetched, 2);
}

}  // namespace
}  // namespace pipeline::aws
