// The folder as a store: the suite of all stores, and what only folders can get wrong.
#include "common/object_store/directory_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/conformance/object_store_suite.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using test::TempDir;

class FolderUnderTest : public test::StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  TempDir folder_;
  std::unique_ptr<ObjectStore> store_ = open_store("file://" + folder_.path());
};

}  // namespace

namespace test {
INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreSuite,
                         testing::Values(StoreMaker{
                             .name = "Directory",
                             .make = [] { return std::make_unique<FolderUnderTest>(); }}),
                         store_name);
}  // namespace test

namespace {

TEST(DirectoryStore, NeverFollowsASymbolicLinkBelowTheRoot) {
  const TempDir outside;
  replace_file(outside.file("secret"), "secret");
  const TempDir root;
  std::filesystem::create_symlink(outside.path(), root.file("folder"));
  std::filesystem::create_symlink(outside.file("secret"), root.file("file"));
  DirectoryStore store(root.path());
  EXPECT_TRUE(store.list("").empty());
  EXPECT_EQ(store.stat("file"), std::nullopt);
  EXPECT_EQ(store.stat("folder/secret"), std::nullopt);
  EXPECT_THROW(store.get("file", 0), Error);
  EXPECT_THROW(store.get("folder/secret", 0), Error);
  TextSource bytes("x");
  EXPECT_THROW(store.put("folder/new", bytes), Error);
  EXPECT_FALSE(std::filesystem::exists(outside.file("new")));
  store.remove("folder/secret");
  EXPECT_TRUE(std::filesystem::exists(outside.file("secret")));
}

TEST(DirectoryStore, NoticesAFileThatGrowsWhileItIsRead) {
  const TempDir root;
  DirectoryStore store(root.path());
  FileSink upload(root.file("a"));
  upload.write("first half");
  const auto source = store.get("a", 0);
  std::vector<char> buffer(100);
  ASSERT_EQ(source->read(buffer), 10U);
  upload.write("second half");
  EXPECT_THROW(while (source->read(buffer) > 0){}, Error);
}

TEST(DirectoryStore, NeitherListsNorKeepsTheFilesOfDeadWriters) {
  const TempDir root;
  DirectoryStore store(root.path());
  replace_file(root.file(".pipeline-tmp.1.1.1"), "half");
  replace_file(root.file(".pipeline-tmp.1.1.2"), "half");
  const timespec long_ago[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, root.file(".pipeline-tmp.1.1.1").c_str(), long_ago, 0), 0);
  TextSource bytes("x");
  store.put("a", bytes);
  EXPECT_EQ(store.list("").size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(root.file(".pipeline-tmp.1.1.1")));
  EXPECT_TRUE(std::filesystem::exists(root.file(".pipeline-tmp.1.1.2"))) << "it may be at work";
}

TEST(OpenStore, KnowsFoldersAndRefusesOtherSchemes) {
  const TempDir root;
  EXPECT_EQ(open_store(root.path())->url(), "file://" + root.path());
  EXPECT_EQ(open_store("file://" + root.path())->url(), "file://" + root.path());
  const auto kind_of = [](const std::string& url) {
    try {
      open_store(url);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  EXPECT_EQ(kind_of("ftp://host/x"), ErrorKind::config_invalid);
  EXPECT_EQ(kind_of(root.file("absent")), ErrorKind::unavailable);
}

}  // namespace
}  // namespace pipeline
