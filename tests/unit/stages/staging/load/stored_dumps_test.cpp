// Which objects are dumps, and how they are archived.
#include "stages/staging/load/stored_dumps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/object_store/directory_store.h"
#include "stages/staging/load/dump_archive.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::ElementsAre;

std::string date_text(std::string_view name, std::string_view pattern = "gghouse_%Y%m%d.sql.gz") {
  const auto date = date_of_dump(name, pattern);
  return date ? date->iso() : "none";
}

TEST(StoredDumps, ReadTheDateOutOfTheWholeName) {
  EXPECT_EQ(date_text("gghouse_20260201.sql.gz"), "2026-02-01");
  EXPECT_EQ(date_text("gghouse_20260201.sql"), "2026-02-01");
  EXPECT_EQ(date_text("gghouse_20240229.sql.gz"), "2024-02-29");
  EXPECT_EQ(date_text("gghouse_20260201.sql.zst"), "2026-02-01");
  for (const auto* name : {"x20260201.sql.zst", "x20260201.sql.gz", "x20260201.sql"}) {
    EXPECT_EQ(date_text(name, "x%Y%m%d.sql.zst"), "2026-02-01") << name;
  }
  EXPECT_EQ(date_text("x20260201.sql.zst", "x%Y%m%d.sql"), "none");
  EXPECT_EQ(date_text("gghouse_20260201.sql.gz.zst"), "none");
  EXPECT_EQ(date_text("01.02.2026-x", "%d.%m.%Y-x"), "2026-02-01");
  for (const auto* name :
       {"gghouse_20260230.sql.gz", "gghouse_20260201.sql.gz.part", "gghouse_20260201 (1).sql.gz",
        "gghouse_2026021.sql.gz", "gghouse_20260201", "Gghouse_20260201.sql.gz", "gghouse_.sql.gz",
        "x/gghouse_20260201.sql.gz", "gghouse_2026-201.sql.gz", "",
        "gghouse_20260201.sql.gz.replaced-1"}) {
    EXPECT_EQ(date_text(name), "none") << name;
  }
}

class Store : public testing::Test {
 protected:
  void put(const std::string& key, std::string_view text) {
    TextSource source(text);
    store_.put(key, source);
  }
  std::string text(const std::string& key) { return read_all(*store_.get(key, 0)); }
  std::vector<std::string> keys() {
    std::vector<std::string> found;
    for (const auto& object : store_.list("")) found.push_back(object.key);
    return found;
  }
  test::TempDir folder_;
  DirectoryStore store_{folder_.path()};
  DumpPlaces places_;
};

TEST_F(Store, ListsOneDumpADateTheIncomingAndTheCompressedFirst) {
  put("dumps/gghouse_20260202.sql", "b");
  put("dumps/gghouse_20260202.sql.gz", "b");
  put("dumps/gghouse_20260203.sql.gz", "c");
  put("dumps/readme.txt", "");
  put("processed/gghouse_20260201.sql.gz", "a");
  put("processed/gghouse_20260202.sql.gz", "b");
  std::vector<std::string> found;
  for (const auto& dump : list_dumps(store_, places_))
    found.push_back(dump.date.iso() + " " + dump.object.key);
  EXPECT_THAT(found, ElementsAre("2026-02-01 processed/gghouse_20260201.sql.gz",
                                 "2026-02-02 dumps/gghouse_20260202.sql.gz",
                                 "2026-02-03 dumps/gghouse_20260203.sql.gz"));
}

TEST_F(Store, ArchivesOnceAndAgain) {
  put("dumps/a", "bytes");
  const auto loaded = digest_of(store_, "dumps/a");
  EXPECT_EQ(loaded.bytes, 5U);
  EXPECT_EQ(archive_dump(store_, "dumps/a", loaded, places_), Archived::moved);
  EXPECT_EQ(archive_dump(store_, "dumps/a", loaded, places_), Archived::was_there);
  EXPECT_THAT(keys(), ElementsAre("processed/a"));
  EXPECT_EQ(text("processed/a"), "bytes");
}

TEST_F(Store, OfSeveralFormsOfADateTheOneThatThePatternNamesCounts) {
  const auto found = [&] { return list_dumps(store_, places_).at(0).object.key; };
  put("dumps/gghouse_20260201.sql", "");
  EXPECT_EQ(found(), "dumps/gghouse_20260201.sql");
  put("dumps/gghouse_20260201.sql.zst", "");
  EXPECT_EQ(found(), "dumps/gghouse_20260201.sql.zst");
  put("dumps/gghouse_20260201.sql.gz", "");
  EXPECT_EQ(found(), "dumps/gghouse_20260201.sql.gz");
  places_.pattern = "gghouse_%Y%m%d.sql.zst";
  EXPECT_EQ(found(), "dumps/gghouse_20260201.sql.zst");
}

TEST_F(Store, FinishesAnArchivingThatStoppedBetweenCopyAndRemoval) {
  put("dumps/a", "bytes");
  put("processed/a", "bytes");
  EXPECT_EQ(archive_dump(store_, "dumps/a", digest_of(store_, "dumps/a"), places_),
            Archived::moved);
  EXPECT_THAT(keys(), ElementsAre("processed/a"));
}

TEST_F(Store, NeverArchivesOtherBytesThanThoseThatWereLoaded) {
  put("dumps/a", "loaded");
  const auto loaded = digest_of(store_, "dumps/a");
  put("dumps/a", "delivered later");
  EXPECT_EQ(archive_dump(store_, "dumps/a", loaded, places_), Archived::other_bytes);
  EXPECT_THAT(keys(), ElementsAre("dumps/a"));
}

TEST_F(Store, KeepsAnEarlierDeliveryBesideTheNewOne) {
  put("processed/a", "first delivery");
  put("dumps/a", "second delivery");
  archive_dump(store_, "dumps/a", digest_of(store_, "dumps/a"), places_);
  ASSERT_EQ(keys().size(), 2U);
  EXPECT_EQ(text("processed/a"), "second delivery");
  EXPECT_EQ(text(keys()[1]), "first delivery");
}

TEST_F(Store, ArchivesTheManifestOfTheLoadedBytesAndSetsThatOfAnEarlierDeliveryAside) {
  places_.manifests = DumpPlaces::Manifests::optional;
  const auto manifest = [](const std::string& bytes) {
    return R"({"size": 1, "sha256": ")" + sha256_hex(bytes) + "\"}";
  };
  const auto archive = [&](const std::string& bytes) {
    return archive_dump(store_, "dumps/x.sql.gz", {.sha256 = sha256_hex(bytes), .bytes = 1},
                        places_);
  };
  put("dumps/x.sql.gz", "a");
  put("dumps/x.json", manifest("a"));
  EXPECT_EQ(archive("a"), Archived::moved);
  EXPECT_THAT(keys(), ElementsAre("processed/x.json", "processed/x.sql.gz"));

  put("dumps/x.sql.gz", "b");
  put("dumps/x.json", manifest("c"));
  EXPECT_EQ(archive("b"), Archived::moved);
  EXPECT_THAT(keys(), ElementsAre("dumps/x.json", testing::StartsWith("processed/x.json.replaced-"),
                                  "processed/x.sql.gz",
                                  testing::StartsWith("processed/x.sql.gz.replaced-")))
      << "the manifest of a delivery that has not come yet stays, the old one is kept";
}

}  // namespace
}  // namespace pipeline
