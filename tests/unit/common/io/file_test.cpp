// What files promise: whole replacement, errors by kind, hashes of what passes.
#include "common/io/file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>

#include "common/io/hashing_source.h"
#include "tests/support/slow_source.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using test::SlowSource;
using test::TempDir;

ErrorKind kind_thrown_by(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::internal;
}

std::size_t entries_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

TEST(File, WritesAndReadsBack) {
  const TempDir folder;
  {
    FileSink sink(folder.file("a"));
    sink.write("one ");
    sink.write("two");
    sink.sync();
  }
  EXPECT_EQ(read_file(folder.file("a")), "one two");
}

TEST(File, ReplacesWholeAndLeavesNothingBeside) {
  const TempDir folder;
  replace_file(folder.file("a"), "old and longer");
  replace_file(folder.file("a"), "new");
  EXPECT_EQ(read_file(folder.file("a")), "new");
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(File, AFailedReplacementKeepsTheOldFileAndLeavesNothingBeside) {
  const TempDir folder;
  std::filesystem::create_directories(folder.file("a/inside"));
  EXPECT_THROW(replace_file(folder.file("a"), "new"), Error);  // a folder cannot be replaced
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(File, TellsAnAbsentFileFromAnEmptyOne) {
  const TempDir folder;
  replace_file(folder.file("empty"), "");
  EXPECT_EQ(read_file_if_present(folder.file("empty")), "");
  EXPECT_EQ(read_file_if_present(folder.file("absent")), std::nullopt);
}

TEST(File, NamesTheFileAndTheKindOfFailure) {
  const TempDir folder;
  EXPECT_EQ(kind_thrown_by([&] { read_file(folder.file("absent")); }), ErrorKind::unavailable);
  replace_file(folder.file("a"), "12345");
  EXPECT_EQ(kind_thrown_by([&] { read_file(folder.file("a"), 4); }), ErrorKind::resource_exhausted);
  EXPECT_EQ(read_file(folder.file("a"), 5), "12345");
  EXPECT_EQ(file_error(EACCES, "open", "/x").kind(), ErrorKind::access_denied);
  EXPECT_EQ(file_error(ENOSPC, "write", "/x").kind(), ErrorKind::resource_exhausted);
  EXPECT_NE(std::string(file_error(ENOENT, "open", "/x").what()).find("cannot open /x"),
            std::string::npos);
}

TEST(File, WritingToAFullDiskThrowsResourceExhausted) {
  EXPECT_EQ(kind_thrown_by([] { FileSink("/dev/full").write("x"); }),
            ErrorKind::resource_exhausted);
}

TEST(HashingSource, HashesWhatPassesInWhateverPieces) {
  SlowSource slow("abc", 2);
  HashingSource source(slow);
  EXPECT_EQ(read_all(source), "abc");
  EXPECT_EQ(source.bytes(), 3U);
  // FIPS 180-2, B.1
  EXPECT_EQ(source.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace pipeline
