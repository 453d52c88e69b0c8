// What a manifest may say, and with which dump it agrees.
#include "stages/staging/load/dump_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/base/error.h"
#include "common/object_store/directory_store.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

const std::string digits(64, 'a');

std::string text(const std::string& more = "") {
  return R"({"size": 120, "sha256": ")" + digits + "\"" + more + "}";
}

/// The message of the refusal; empty: there was none.
std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_corrupt) << error.what();
    return error.message();
  }
  return {};
}

DumpManifest parse(const std::string& manifest) {
  return parse_manifest(manifest, "dumps/x.json");
}

TEST(DumpManifest, IsNamedAsItsDump) {
  EXPECT_EQ(manifest_key("dumps/gghouse_20260201.sql.gz"), "dumps/gghouse_20260201.json");
  EXPECT_EQ(manifest_key("dumps/gghouse_20260201.sql"), "dumps/gghouse_20260201.json");
  EXPECT_EQ(manifest_key("dumps/gghouse_20260201.sql.zst"), "dumps/gghouse_20260201.json");
  EXPECT_EQ(manifest_key("dumps/a.b.gz"), "dumps/a.b.json");
}

TEST(DumpManifest, MayHoldMembersThatNobodyKnows) {
  const DumpManifest manifest =
      parse(text(R"(, "rows": {"a": 1, "b": 0}, "newest_source_date": "2026-02-01", "host": [7])"));
  EXPECT_EQ(manifest.size_bytes, 120U);
  EXPECT_EQ(manifest.sha256, digits);
  EXPECT_EQ(manifest.rows->at("a"), 1U);
  EXPECT_EQ(manifest.newest_source_date->iso(), "2026-02-01");
  EXPECT_FALSE(parse(text()).rows);
}

TEST(DumpManifest, IsRefusedByNameForWhatItLacksAndForWrongTypes) {
  const std::pair<std::string, std::string> cases[] = {
      {"no json", "is no JSON"},
      {"", "is no JSON"},
      {text().substr(0, 30), "is no JSON"},
      {"[1]", "is no JSON object"},
      {R"({"sha256": ")" + digits + "\"}", "lacks size"},
      {R"({"size": 120})", "lacks sha256"},
      {R"({"size": "120", "sha256": ")" + digits + "\"}", "has a size that is no whole number"},
      {R"({"size": -1, "sha256": ")" + digits + "\"}", "has a size that is no whole number"},
      {R"({"size": 1.5, "sha256": ")" + digits + "\"}", "has a size that is no whole number"},
      {R"({"size": 1, "sha256": "abc"})", "has a sha256 that is not 64 hex digits"},
      {R"({"size": 1, "sha256": 7})", "has a sha256 that is not 64 hex digits"},
      {text(R"(, "rows": [1])"), "has rows that are no object of tables"},
      {text(R"(, "rows": {"a": "1"})"), "has a rows.a that is no whole number"},
      {text(R"(, "newest_source_date": 20260201)"), "has a newest_source_date that is no date"},
      {text(R"(, "newest_source_date": "today")"), "has a newest_source_date that is no date"}};
  for (const auto& [manifest, says] : cases) {
    EXPECT_THAT(refusal([&wrong = manifest] { parse(wrong); }),
                HasSubstr("the manifest dumps/x.json " + says))
        << manifest;
  }
}

TEST(DumpManifest, IsHeldAgainstSizeAndDateBeforeTheDumpIsRead) {
  StoredDump dump{.date = *BusinessDate::parse("2026-02-03"), .object = {.key = "dumps/x.sql.gz"}};
  dump.object.size_bytes = 120;
  const auto with_date = [&](const std::string& date) {
    return refusal(
        [&] { require_agrees(parse(text(R"(, "newest_source_date": ")" + date + "\"")), dump); });
  };
  EXPECT_EQ(with_date("2026-02-02"), "") << "the evening before";
  EXPECT_EQ(with_date("2026-02-03"), "");
  EXPECT_EQ(with_date("2026-02-09"), "");
  EXPECT_THAT(with_date("2026-02-01"),
              HasSubstr("newest_source_date is 2026-02-01, before 2026-02-02"));
  dump.object.size_bytes = 121;
  EXPECT_THAT(refusal([&] { require_agrees(parse(text()), dump); }),
              HasSubstr("size is 120, the object has 121 bytes"));
}

TEST(DumpManifest, IsHeldAgainstTheBytesAndEveryTableThatWasRead) {
  const ObjectDigest read{.sha256 = digits, .bytes = 120};
  const std::vector<LoadedTable> tables{{.name = "a", .rows = 3, .taken_off = {}},
                                        {.name = "b", .rows = 0, .taken_off = {}}};
  const auto with = [&](const std::string& more) {
    return refusal([&] { require_agrees(parse(text(more)), read, tables); });
  };
  EXPECT_EQ(with(""), "");
  EXPECT_EQ(with(R"(, "rows": {"b": 0, "a": 3})"), "");
  EXPECT_THAT(with(R"(, "rows": {"a": 2, "c": 9})"),
              HasSubstr("rows: a is 2, the dump has 3; c is 9, the dump has no such table; b is "
                        "not named, the dump has 0"));
  ObjectDigest other = read;
  other.sha256[0] = 'b';
  EXPECT_THAT(refusal([&] { require_agrees(parse(text()), other, tables); }),
              HasSubstr("sha256 is " + digits + ", that of the object " + other.sha256));
  other = read;
  other.bytes = 119;
  EXPECT_THAT(refusal([&] { require_agrees(parse(text()), other, tables); }),
              HasSubstr("size is 120, 119 bytes were read"));
}

TEST(DumpManifest, IsReadUpToOneMebibyteAndRefusedBeyondIt) {
  constexpr std::size_t limit = 1U << 20U;
  const test::TempDir folder;
  DirectoryStore store(folder.path());
  DumpPlaces places;
  places.manifests = DumpPlaces::Manifests::optional;
  const auto find = [&] { return find_manifest(store, "dumps/x.sql.gz", places); };
  EXPECT_FALSE(find());
  const std::string padding(limit - text().size(), ' ');
  folder.write("dumps/x.json", text() + padding);
  EXPECT_EQ(find().value().sha256, digits);
  folder.write("dumps/x.json", text() + padding + " ");
  EXPECT_EQ(refusal([&] { find(); }), "the manifest dumps/x.json is larger than 1 MiB");
  places.manifests = DumpPlaces::Manifests::ignored;
  EXPECT_FALSE(find());
}

TEST(DumpManifest, NamesAtMostTwentyTables) {
  std::vector<LoadedTable> tables;
  for (int i = 0; i < 30; ++i) {
    tables.push_back({.name = "t" + std::to_string(i), .rows = 1, .taken_off = {}});
  }
  EXPECT_THAT(refusal([&] {
                require_agrees(parse(text(R"(, "rows": {})")), {.sha256 = digits, .bytes = 120},
                               tables);
              }),
              HasSubstr("; and 10 more tables"));
}

}  // namespace
}  // namespace pipeline
