// The handler behind LOAD DATA LOCAL: armed once, and nothing passes through C.
#include "common/mariadb/local_infile.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <string>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace pipeline {
namespace {

class Endless : public ByteSource {
 public:
  std::size_t read(std::span<char> buffer) override {
    buffer[0] = 'x';
    return 1;
  }
};

class Broken : public ByteSource {
 public:
  std::size_t read(std::span<char> /*buffer*/) override {
    throw std::runtime_error("the store hung up");
  }
};

std::string message_of(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

TEST(LocalInfile, RefusesEveryFileWhileItIsNotArmed) {
  LocalInfile infile;
  void* handle = nullptr;
  EXPECT_NE(LocalInfile::on_open(&handle, "/etc/passwd", &infile), 0);
  EXPECT_EQ(message_of(infile.take_failure()),
            "the server asked for the local file \"/etc/passwd\"; local files are never sent");
  EXPECT_EQ(infile.take_failure(), nullptr);
}

TEST(LocalInfile, IsArmedForOneFileOnly) {
  LocalInfile infile;
  Endless source;
  infile.arm(source, -1);
  void* handle = nullptr;
  ASSERT_EQ(LocalInfile::on_open(&handle, "whatever", &infile), 0);
  std::array<char, 8> buffer{};
  EXPECT_EQ(LocalInfile::on_read(handle, buffer.data(), buffer.size()), 1);
  LocalInfile::on_end(handle);
  EXPECT_NE(LocalInfile::on_open(&handle, "whatever", &infile), 0);
}

TEST(LocalInfile, EndsWhatWasNeverOpened) {
  LocalInfile::on_end(nullptr);
}

TEST(LocalInfile, CutsTheSessionWhenTheSourceFails) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  LocalInfile infile;
  Broken source;
  infile.arm(source, ours.get());
  void* handle = nullptr;
  ASSERT_EQ(LocalInfile::on_open(&handle, "x", &infile), 0);
  std::array<char, 8> buffer{};
  EXPECT_LT(LocalInfile::on_read(handle, buffer.data(), buffer.size()), 0);
  EXPECT_TRUE(infile.session_cut());
  EXPECT_EQ(message_of(infile.take_failure()), "the store hung up");
  EXPECT_EQ(::recv(theirs.get(), buffer.data(), buffer.size(), 0), 0) << "the server sees an end";
}

}  // namespace
}  // namespace pipeline
