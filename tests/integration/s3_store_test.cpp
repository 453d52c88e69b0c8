// A bucket as a store, against a real S3 service: the suite of all stores, cuts, keys, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/conformance/object_store_suite.h"
#include "tests/integration/s3_house.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/script_server.h"

namespace pipeline {
namespace test {
namespace {

class BucketUnderTest : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  S3House house_;
  std::unique_ptr<ObjectStore> store_ = house_.open();
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreSuite,
                         testing::Values(StoreMaker{
                             .name = "Bucket",
                             .make = [] { return std::make_unique<BucketUnderTest>(); }}),
                         store_name);

namespace {

/// The same behind a gateway that spoils the first of any two equal requests in one way. There is
/// one for each fault, since each test has a bucket of its own.
class SpoiltBucketUnderTest : public StoreUnderTest {
 public:
  explicit SpoiltBucketUnderTest(const std::string& fault) {
    S3Options options = S3House::options();
    auto& gateway = gateways()[fault];
    if (!gateway) {
      gateway = std::make_unique<ScriptServer>(
          "faulty_gateway.py",
          std::vector<std::string>{std::to_string(S3House::gateway().port()), fault});
    }
    options.endpoint = gateway->origin();
    store_ = house_.open(std::move(options));
  }
  ObjectStore& store() override { return *store_; }

  static std::map<std::string, std::unique_ptr<ScriptServer>>& gateways() {
    static std::map<std::string, std::unique_ptr<ScriptServer>> all;
    return all;
  }

 private:
  S3House house_;
  std::unique_ptr<ObjectStore> store_;
};

StoreMaker spoilt_bucket(const std::string& name, const std::string& fault) {
  return {.name = name, .make = [fault] { return std::make_unique<SpoiltBucketUnderTest>(fault); }};
}

/// One for each fault with PIPELINE_FAULTS=all; else for three of them, others each time unless
/// PIPELINE_FAULT_SEED names those of a former run.
std::vector<StoreMaker> chosen_spoilt_buckets() {
  constexpr std::size_t sample_size = 3;
  std::vector<StoreMaker> makers{spoilt_bucket("Slow", "slow"),
                                 spoilt_bucket("Cut", "cut"),
                                 spoilt_bucket("Error500", "500"),
                                 spoilt_bucket("Error503", "503"),
                                 spoilt_bucket("LostRequest", "lost_request"),
                                 spoilt_bucket("LostAnswer", "lost_answer"),
                                 spoilt_bucket("WrongBody", "wrong_body")};
  const char* faults = std::getenv("PIPELINE_FAULTS");
  if (faults != nullptr && std::string_view(faults) == "all") return makers;
  const char* given = std::getenv("PIPELINE_FAULT_SEED");
  const auto seed = given == nullptr ? std::random_device{}() : std::stoul(given);
  fmt::print("PIPELINE_FAULT_SEED={}\n", seed);
  std::shuffle(makers.begin(), makers.end(), std::mt19937_64(seed));
  makers.resize(sample_size);
  return makers;
}

/// The same for each test of the suite.
const std::vector<StoreMaker>& spoilt_buckets() {
  static const std::vector<StoreMaker> chosen = chosen_spoilt_buckets();
  return chosen;
}

/// A gateway that spoils nothing would let every test pass.
class EachSpoiltSomething : public testing::Environment {
 public:
  void TearDown() override {
    for (const auto& [fault, gateway] : SpoiltBucketUnderTest::gateways()) {
      EXPECT_GE(split(gateway->read("struck"), '\n').size(), 10U) << fault;
    }
    SpoiltBucketUnderTest::gateways().clear();
  }
};
const testing::Environment* const watcher =
    testing::AddGlobalTestEnvironment(new EachSpoiltSomething);

}  // namespace

INSTANTIATE_TEST_SUITE_P(BehindFaults, ObjectStoreSuite, testing::ValuesIn(spoilt_buckets()),
                         store_name);
}  // namespace test

namespace {

using test::Fault;
using test::FaultProxy;
using test::S3House;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string pattern_text(std::size_t bytes) {
  std::string text;
  text.reserve(bytes + 16);
  for (std::size_t i = 0; text.size() < bytes; ++i)
    text += fmt::format("{:08x}\n", i * 2654435761U);
  text.resize(bytes);
  return text;
}

class S3StoreTest : public testing::Test {
 protected:
  static ObjectInfo put(ObjectStore& store, const std::string& key, std::string_view text) {
    TextSource source(text);
    return store.put(key, source);
  }
  static std::string text_of(ObjectStore& store, const std::string& key, std::uint64_t from = 0) {
    return read_all(*store.get(key, from), 64U << 20U);
  }
  static std::vector<std::string> keys(ObjectStore& store, std::string_view prefix) {
    std::vector<std::string> found;
    for (const auto& info : store.list(prefix)) found.push_back(info.key);
    return found;
  }
  static Error error_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorKind::internal, "nothing was thrown");
  }
  static std::unique_ptr<FaultProxy> proxy() {
    Endpoint gateway;
    gateway.host = "127.0.0.1";
    gateway.port = S3House::gateway().port();
    return std::make_unique<FaultProxy>(gateway, FaultProxy::Listen::socket_and_tcp,
                                        FaultProxy::Speaks::http);
  }
  S3Options through(const FaultProxy& proxy) {
    S3Options options = S3House::options();
    options.endpoint = fmt::format("http://s3.localhost:{}", proxy.tcp_endpoint().port);
    return options;
  }

  S3House house_;
};

TEST_F(S3StoreTest, ListsOverManyPagesInOrder) {
  const auto store = house_.open();
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(fmt::format("dumps/東京 a+b%20&{:02}", i));
    put(*store, expected.back(), "x");
  }
  put(*store, "dumpsx", "x");
  EXPECT_EQ(keys(*store, "dumps/"), expected);
  const auto first = store->list("dumps/").front();
  const auto seen = store->stat(first.key);
  EXPECT_EQ(first.etag, seen->etag);
  EXPECT_EQ(first.size_bytes, 1U);
  const auto apart = std::chrono::abs(first.modified - seen->modified);
  EXPECT_LE(apart, std::chrono::seconds(1)) << "HEAD tells whole seconds";
  EXPECT_LT(std::chrono::abs(seen->modified - std::chrono::system_clock::now()),
            std::chrono::minutes(1));
}

TEST_F(S3StoreTest, CopiesAndRemovesKeysThatMustBeEncoded) {
  const auto store = house_.open();
  for (const std::string key :
       {"a b", "a+b", "a%20b", "a%b", "東京/キー", "a=b&c?d#e", "(x)*!'@:$,;~", "é\u0301"}) {
    SCOPED_TRACE(key);
    put(*store, "in/" + key, key);
    store->copy("in/" + key, "out/" + key);
    EXPECT_EQ(text_of(*store, "out/" + key), key);
    EXPECT_EQ(keys(*store, "out/" + key), std::vector<std::string>{"out/" + key});
    EXPECT_TRUE(store->remove_if("in/" + key, store->stat("in/" + key)->etag));
    EXPECT_EQ(store->stat("in/" + key), std::nullopt);
  }
}

TEST_F(S3StoreTest, AStreamGoesOnWhereItWasCut) {
  const std::string text = pattern_text(6'000'000);
  put(*house_.open(), "dump", text);
  const auto cutting = proxy();
  const auto store = house_.open(through(*cutting));
  int cuts = 0;
  // In the answer to HEAD, in the head of the answer to GET, and at places of the body.
  for (const std::size_t cut_at : {1U, 700U, 100'000U, 3'000'000U, 5'900'000U}) {
    SCOPED_TRACE(cut_at);
    cutting->arm({.kind = Fault::Kind::cut_after_server_bytes, .bytes = cut_at});
    EXPECT_TRUE(text_of(*store, "dump") == text);
    EXPECT_EQ(cutting->struck(), ++cuts);
  }
  EXPECT_EQ(text_of(*store, "dump", 5'999'990), text.substr(5'999'990));
}

TEST_F(S3StoreTest, AfterACutAReplacedObjectIsNeverGoneOnWith) {
  const auto direct = house_.open();
  put(*direct, "dump", std::string(6'000'000, '1'));
  const auto cutting = proxy();
  const auto source = house_.open(through(*cutting))->get("dump", 0);
  std::vector<char> buffer(100'000);
  ASSERT_GT(source->read(buffer), 0U);
  put(*direct, "dump", std::string(6'000'000, '2'));
  cutting->cut_all();
  std::string rest;
  const Error error = error_of([&] { rest = read_all(*source); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.what(), HasSubstr("replaced"));
}

TEST_F(S3StoreTest, ALostAnswerIsAskedForAgain) {
  const auto direct = house_.open();
  const auto losing = proxy();
  const auto store = house_.open(through(*losing));
  losing->arm({.kind = Fault::Kind::lose_answer, .pattern = "PUT /"});
  put(*store, "a", "bytes");
  losing->arm({.kind = Fault::Kind::lose_answer, .pattern = "x-amz-copy-source"});
  store->copy("a", "b");
  EXPECT_EQ(text_of(*direct, "b"), "bytes");
  losing->arm({.kind = Fault::Kind::lose_answer, .pattern = "DELETE /"});
  EXPECT_TRUE(store->remove_if("a", store->stat("a")->etag));
  EXPECT_EQ(losing->struck(), 3);
  EXPECT_EQ(keys(*direct, ""), std::vector<std::string>{"b"});
}

TEST_F(S3StoreTest, WritesAndCopiesLargeObjectsInParts) {
  S3Options options = S3House::options();
  options.put_part_bytes = 5U << 20U;
  options.copy_part_bytes = 5U << 20U;
  const auto store = house_.open(options);
  const std::string text = pattern_text(13'000'000);
  const auto written = put(*store, "a", text);
  EXPECT_EQ(written.size_bytes, text.size());
  EXPECT_THAT(written.etag, testing::EndsWith("-3"));
  EXPECT_EQ(store->stat("a")->etag, written.etag);
  EXPECT_EQ(store->copy("a", "東 b").size_bytes, text.size());
  EXPECT_TRUE(text_of(*store, "東 b") == text);
  const std::string even = pattern_text(10U << 20U);
  put(*store, "even", even);
  EXPECT_TRUE(text_of(*store, "even") == even) << "no empty part at the end";
}

/// Breaks after some bytes.
class BreakingLate : public ByteSource {
 public:
  explicit BreakingLate(std::uint64_t bytes) : left_(bytes) {}
  std::size_t read(std::span<char> buffer) override {
    if (left_ == 0) throw Error(ErrorKind::unavailable, "the source broke");
    const auto count = std::min<std::uint64_t>(left_, buffer.size());
    std::fill_n(buffer.begin(), count, 'x');
    left_ -= count;
    return count;
  }

 private:
  std::uint64_t left_;
};

TEST_F(S3StoreTest, APutThatBreaksBetweenPartsLeavesNothing) {
  S3Options options = S3House::options();
  options.put_part_bytes = 5U << 20U;
  const auto store = house_.open(options);
  put(*store, "a", "old");
  BreakingLate broken(12'000'000);
  EXPECT_EQ(error_of([&] { store->put("a", broken); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(text_of(*store, "a"), "old");
}

TEST_F(S3StoreTest, APrefixIsAStoreOfItsOwn) {
  const auto whole = house_.open();
  S3Store part(house_.url() + "/team a/x/", S3House::options());
  put(part, "dumps/1", "mine");
  put(*whole, "dumps/1", "other");
  EXPECT_EQ(keys(part, ""), std::vector<std::string>{"dumps/1"});
  EXPECT_EQ(text_of(part, "dumps/1"), "mine");
  EXPECT_EQ(text_of(*whole, "team a/x/dumps/1"), "mine");
  part.copy("dumps/1", "processed/1");
  part.remove("dumps/1");
  EXPECT_EQ(text_of(*whole, "dumps/1"), "other");
  EXPECT_EQ(part.url(), house_.url() + "/team a/x");
}

TEST_F(S3StoreTest, VirtualHostsOverVerifiedTls) {
  put(*house_.open(), "a b+c", "bytes");
  S3Options options = S3House::options();
  options.endpoint = S3House::gateway().tls_endpoint();
  options.ca_file = S3House::gateway().ca_file();
  for (const auto addressing : {S3Addressing::virtual_host, S3Addressing::path}) {
    options.addressing = addressing;
    const auto store = house_.open(options);
    EXPECT_EQ(text_of(*store, "a b+c"), "bytes");
    EXPECT_EQ(keys(*store, "a "), std::vector<std::string>{"a b+c"});
    put(*store, "東", "x");
    store->copy("東", "y");
    EXPECT_EQ(text_of(*store, "y"), "x");
  }
}

TEST_F(S3StoreTest, ACertificateThatNobodyVouchesForIsRefused) {
  S3Options options = S3House::options();
  options.endpoint = S3House::gateway().tls_endpoint();
  const Error error = error_of([&] { house_.open(options)->list(""); });
  EXPECT_EQ(error.kind(), ErrorKind::access_denied);
  EXPECT_THAT(error.what(), HasSubstr("certificate"));
}

struct Refusal {
  std::string name;
  std::string access_key;
  std::string secret;
  std::string code;
};

TEST_F(S3StoreTest, RefusedKeysAreAccessDeniedAndNeverTold) {
  put(*house_.open(), "a", "x");
  const auto& gateway = S3House::gateway();
  const std::vector<Refusal> refusals{
      {"wrong secret", gateway.access_key(), "canary-wrong-secret", "SignatureDoesNotMatch"},
      {"unknown key", "AKIDNOBODY", "canary-wrong-secret", "InvalidAccessKeyId"},
      {"stranger", gateway.stranger_access_key(), gateway.stranger_secret_key(), "AccessDenied"}};
  for (const auto& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    S3Options options = S3House::options();
    options.credentials =
        std::make_shared<test::FixedCredentials>(refusal.access_key, refusal.secret);
    const auto store = house_.open(options);
    const std::vector<std::function<void()>> acts{
        [&] { store->list(""); },       [&] { store->stat("a"); },
        [&] { text_of(*store, "a"); },  [&] { put(*store, "a", "y"); },
        [&] { store->copy("a", "b"); }, [&] { store->remove("a"); }};
    for (const auto& act : acts) {
      const Error error = error_of(act);
      EXPECT_EQ(error.kind(), ErrorKind::access_denied) << error.what();
      EXPECT_EQ(error.context_value("s3_code"), refusal.code) << error.what();
      EXPECT_EQ(error.context_value("bucket"), house_.bucket());
      EXPECT_FALSE(error.context_value("request_id").empty());
      EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
    }
  }
  EXPECT_EQ(text_of(*house_.open(), "a"), "x");
}

TEST_F(S3StoreTest, ABucketThatIsNotThereIsAMistakeOfTheConfiguration) {
  S3Store store("s3://no-such-bucket", S3House::options());
  const Error error = error_of([&] { store.list(""); });
  EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("s3://no-such-bucket"), HasSubstr("NoSuchBucket")));
}

TEST_F(S3StoreTest, AClockThatIsWrongIsNamedWithBothTimes) {
  test::FakeClock clock(std::chrono::system_clock::now() - std::chrono::minutes(20));
  S3Store store(house_.url(), S3House::options(), clock);
  const Error error = error_of([&] { store.stat("a"); });
  EXPECT_EQ(error.kind(), ErrorKind::access_denied);
  EXPECT_EQ(error.context_value("s3_code"), "RequestTimeTooSkewed");
  EXPECT_THAT(error.what(), HasSubstr("it is " + format_utc(clock.now()) + " here and "));
  EXPECT_TRUE(clock.sleeps().empty()) << "trying again does not help";
}

}  // namespace
}  // namespace pipeline
