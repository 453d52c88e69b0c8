// What every ObjectStore must do: one suite, instantiated once for each implementation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "common/io/file.h"
#include "common/object_store/object_store.h"

namespace pipeline::test {

/// An empty store and whatever keeps it alive.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual ObjectStore& store() = 0;
};

struct StoreMaker {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

/// Use: INSTANTIATE_TEST_SUITE_P(Directory, ObjectStoreSuite, testing::Values(StoreMaker{...})).
class ObjectStoreSuite : public testing::TestWithParam<StoreMaker> {
 protected:
  ObjectStore& store() { return under_test_->store(); }
  ObjectInfo put(const std::string& key, std::string_view text) {
    TextSource source(text);
    return store().put(key, source);
  }
  std::string text_of(const std::string& key, std::uint64_t offset = 0) {
    return read_all(*store().get(key, offset));
  }
  std::vector<std::string> keys(std::string_view prefix) {
    std::vector<std::string> found;
    for (const auto& info : store().list(prefix)) found.push_back(info.key);
    return found;
  }
  ErrorKind kind_thrown_by(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::internal;
  }

 private:
  std::unique_ptr<StoreUnderTest> under_test_ = GetParam().make();
};

// Fails after some bytes, as a connection does.
class BreakingSource : public ByteSource {
 public:
  std::size_t read(std::span<char> buffer) override {
    if (served_) throw Error(ErrorKind::unavailable, "the source broke");
    served_ = true;
    buffer[0] = 'x';
    return 1;
  }

 private:
  bool served_ = false;
};

TEST_P(ObjectStoreSuite, GivesBackWhatWasPut) {
  const std::string text = std::string("with\0zero and 東京\n", 21) + std::string(3'000'000, 'z');
  const auto written = put("dumps/a.sql.gz", text);
  EXPECT_EQ(written.size_bytes, text.size());
  EXPECT_EQ(text_of("dumps/a.sql.gz"), text);
  const auto seen = store().stat("dumps/a.sql.gz");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->key, "dumps/a.sql.gz");
  EXPECT_EQ(seen->size_bytes, text.size());
  EXPECT_EQ(seen->etag, written.etag);
}

TEST_P(ObjectStoreSuite, ReadsFromAnOffset) {
  put("a", "0123456789");
  EXPECT_EQ(text_of("a", 7), "789");
  EXPECT_EQ(text_of("a", 10), "");
}

TEST_P(ObjectStoreSuite, KeepsAnEmptyObject) {
  put("empty", "");
  EXPECT_EQ(text_of("empty"), "");
  EXPECT_EQ(store().stat("empty")->size_bytes, 0U);
}

TEST_P(ObjectStoreSuite, ListsByPrefixInOrderOfKeys) {
  for (const auto* key : {"dumps/b", "dumps/a", "dumps-old/c", "dumps/deep/er/d", "other"})
    put(key, "x");
  EXPECT_THAT(keys("dumps/"), testing::ElementsAre("dumps/a", "dumps/b", "dumps/deep/er/d"));
  EXPECT_THAT(keys("dumps"),
              testing::ElementsAre("dumps-old/c", "dumps/a", "dumps/b", "dumps/deep/er/d"));
  EXPECT_THAT(keys("dumps/de"), testing::ElementsAre("dumps/deep/er/d"));
  EXPECT_THAT(keys("absent/"), testing::IsEmpty());
  EXPECT_EQ(keys("").size(), 5U);
}

TEST_P(ObjectStoreSuite, AnAbsentKeyIsAnAnswerForStatAndAnErrorForGet) {
  EXPECT_EQ(store().stat("absent"), std::nullopt);
  EXPECT_EQ(store().stat("absent/deeper"), std::nullopt);
  EXPECT_EQ(kind_thrown_by([&] { text_of("absent"); }), ErrorKind::unavailable);
}

TEST_P(ObjectStoreSuite, RemovesAndRemovingAgainIsNoError) {
  put("dumps/a", "x");
  store().remove("dumps/a");
  EXPECT_EQ(store().stat("dumps/a"), std::nullopt);
  store().remove("dumps/a");
  store().remove("never/was");
}

TEST_P(ObjectStoreSuite, RemovesConditionallyOnlyWhatWasSeen) {
  put("dumps/a", "first");
  const auto seen = store().stat("dumps/a")->etag;
  put("dumps/a", "a new delivery");
  EXPECT_FALSE(store().remove_if("dumps/a", seen));
  EXPECT_EQ(text_of("dumps/a"), "a new delivery");
  EXPECT_TRUE(store().remove_if("dumps/a", store().stat("dumps/a")->etag));
  EXPECT_EQ(store().stat("dumps/a"), std::nullopt);
  EXPECT_TRUE(store().remove_if("never/was", "x"));
}

TEST_P(ObjectStoreSuite, CopiesAndKeepsTheSource) {
  put("dumps/a", "bytes");
  put("processed/a", "an older copy");
  EXPECT_EQ(store().copy("dumps/a", "processed/a").size_bytes, 5U);
  EXPECT_EQ(text_of("processed/a"), "bytes");
  EXPECT_EQ(text_of("dumps/a"), "bytes");
  EXPECT_EQ(kind_thrown_by([&] { store().copy("absent", "b"); }), ErrorKind::unavailable);
  EXPECT_EQ(store().stat("b"), std::nullopt);
}

TEST_P(ObjectStoreSuite, TheEtagChangesWithTheBytes) {
  const auto before = put("a", "one");
  const auto after = put("a", "two");
  EXPECT_NE(before.etag, after.etag);
  EXPECT_EQ(store().stat("a")->etag, after.etag);
}

TEST_P(ObjectStoreSuite, ABrokenPutLeavesTheOldObjectAndNothingElse) {
  put("dumps/a", "old");
  BreakingSource broken;
  EXPECT_EQ(kind_thrown_by([&] { store().put("dumps/a", broken); }), ErrorKind::unavailable);
  BreakingSource broken_again;
  EXPECT_EQ(kind_thrown_by([&] { store().put("dumps/b", broken_again); }), ErrorKind::unavailable);
  EXPECT_EQ(text_of("dumps/a"), "old");
  EXPECT_THAT(keys(""), testing::ElementsAre("dumps/a"));
}

TEST_P(ObjectStoreSuite, AnObjectThatIsReplacedWhileItIsReadIsNotAWholeOne) {
  put("a", std::string(1'000'000, '1'));
  const auto source = store().get("a");
  std::vector<char> some(1000);
  ASSERT_GT(source->read(some), 0U);
  put("a", std::string(1'000'000, '2'));
  EXPECT_EQ(kind_thrown_by([&] { read_all(*source); }), ErrorKind::unavailable);
}

TEST_P(ObjectStoreSuite, RefusesKeysThatAreNone) {
  for (const std::string key :
       {"", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a/.", "a\nb", "a\x01"}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(kind_thrown_by([&] { put(key, "x"); }), ErrorKind::config_invalid);
    EXPECT_EQ(kind_thrown_by([&] { store().stat(key); }), ErrorKind::config_invalid);
    EXPECT_EQ(kind_thrown_by([&] { store().get(key); }), ErrorKind::config_invalid);
    EXPECT_EQ(kind_thrown_by([&] { store().remove(key); }), ErrorKind::config_invalid);
  }
  const std::string with_zero("a\0b", 3);
  EXPECT_EQ(kind_thrown_by([&] { put(with_zero, "x"); }), ErrorKind::config_invalid);
}

TEST_P(ObjectStoreSuite, TakesKeysWithOddButHonestCharacters) {
  for (const std::string key : {"dumps/東京 2026.sql", "a+b=c&d?e#f%20", "..a/b..", "'\"`;"}) {
    SCOPED_TRACE(key);
    put(key, key);
    EXPECT_EQ(text_of(key), key);
    EXPECT_THAT(keys(key), testing::ElementsAre(key));
  }
}

TEST_P(ObjectStoreSuite, ReadersSeeOneWholeVersionWhileWritersReplaceIt) {
  put("a", std::string(100'000, '0'));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int round = 0; round < 20; ++round) {
      put("a", std::string(100'000, static_cast<char>('0' + round % 10)));
    }
    done = true;
  });
  int whole = 0;
  while (!done || whole == 0) {
    try {
      const std::string text = text_of("a");
      EXPECT_EQ(text.size(), 100'000U);
      EXPECT_EQ(text.find_first_not_of(text[0]), std::string::npos) << "a mixture of two versions";
      ++whole;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);  // replaced while it was read
    }
  }
  writer.join();
}

inline std::string store_name(const testing::TestParamInfo<StoreMaker>& info) {
  return info.param.name;
}

}  // namespace pipeline::test
