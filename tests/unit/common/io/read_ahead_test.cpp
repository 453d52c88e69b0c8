// A source that runs on a thread of its own: the same bytes, the same errors, at any sizes.
#include "common/io/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

std::string text_of_bytes(std::size_t bytes) {
  std::string text(bytes, ' ');
  std::mt19937 dice(7);
  for (auto& byte : text) byte = static_cast<char>(dice() % 256);
  return text;
}

/// Gives pieces of odd sizes, counts, and fails where it is told to.
class Pieces : public ByteSource {
 public:
  explicit Pieces(std::string_view text, std::size_t fails_at = std::string::npos)
      : text_(text), fails_at_(fails_at) {}
  std::size_t read(std::span<char> buffer) override {
    if (at_ >= fails_at_) throw Error(ErrorKind::unavailable, "the source broke");
    ++reads;
    const std::size_t count =
        std::min({buffer.size(), text_.size() - at_, 1 + (at_ * 31) % 700, fails_at_ - at_});
    std::copy_n(text_.data() + at_, count, buffer.data());
    at_ += count;
    return count;
  }
  std::atomic<int> reads{0};

 private:
  std::string_view text_;
  std::size_t fails_at_;
  std::size_t at_ = 0;
};

TEST(ReadAhead, GivesTheSameBytesWhateverTheSizes) {
  const std::string text = text_of_bytes(4'000);
  for (const std::size_t buffer_bytes : {1U, 7U, 512U, 100'000U}) {
    for (const std::size_t buffers : {1U, 2U, 5U}) {
      for (const std::size_t asked : {1U, 333U, 70'000U}) {
        Pieces inner(text);
        ReadAhead ahead(inner, {.buffer_bytes = buffer_bytes, .buffers = buffers});
        std::string got;
        std::vector<char> buffer(asked);
        while (const std::size_t count = ahead.read(buffer)) got.append(buffer.data(), count);
        EXPECT_TRUE(got == text) << buffer_bytes << " " << buffers << " " << asked;
        EXPECT_EQ(ahead.read(buffer), 0U) << "the end stays the end";
      }
    }
  }
}

TEST(ReadAhead, AnErrorComesBehindTheBytesBeforeItAndEveryTime) {
  const std::string text = text_of_bytes(10'000);
  Pieces inner(text, 6'000);
  ReadAhead ahead(inner, {.buffer_bytes = 100, .buffers = 3});
  std::string got;
  std::vector<char> buffer(64);
  for (int again = 0; again < 2; ++again) {
    try {
      while (const std::size_t count = ahead.read(buffer)) got.append(buffer.data(), count);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    }
  }
  EXPECT_TRUE(got == text.substr(0, 6'000));
}

TEST(ReadAhead, HoldsNoMoreThanItsBuffersAndEndsUnread) {
  const std::string text = text_of_bytes(100'000);
  Pieces inner(text);
  // Time enough to read on, for a thread that did not know where to stop.
  const auto reads_at_rest = [&](int at_least) {
    for (int waits = 0; inner.reads < at_least && waits < 10'000; ++waits) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return inner.reads.load();
  };
  {
    ReadAhead ahead(inner, {.buffer_bytes = 10, .buffers = 4});
    EXPECT_EQ(reads_at_rest(4), 4);
    std::vector<char> buffer(1);  // the first piece is one byte
    ASSERT_EQ(ahead.read(buffer), 1U);
    EXPECT_EQ(reads_at_rest(5), 5);
  }
  EXPECT_EQ(inner.reads, 5);
}

TEST(ReadAhead, ItsThreadHasTheScopeOfTheOneThatMadeIt) {
  class Asks : public ByteSource {
   public:
    std::size_t read(std::span<char>) override {
      seen = Scope::current();
      return 0;
    }
    Scope::Pairs seen;
  };
  Asks inner;
  const Scope scope("object", "dumps/x");
  ReadAhead ahead(inner);
  std::vector<char> buffer(1);
  EXPECT_EQ(ahead.read(buffer), 0U);
  EXPECT_THAT(inner.seen,
              testing::ElementsAre(std::pair<std::string, std::string>("object", "dumps/x")));
}

}  // namespace
}  // namespace pipeline
