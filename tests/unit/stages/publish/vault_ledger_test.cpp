// The list of batches: which of them a state is made of, and that nobody changed the list.
#include "stages/publish/vault_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::publish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const TableName live{"silver", "history"};

struct Line {
  std::uint64_t number;
  std::uint64_t base;
  std::uint64_t generation;
  std::string run_id;
  std::string date;
  VaultBatch::Published published = VaultBatch::Published::yes;
  VaultBatch::Kind kind = VaultBatch::Kind::publish;
};
constexpr auto refused = VaultBatch::Published::no;

std::vector<VaultBatch> batches_of(const std::vector<Line>& lines) {
  std::vector<VaultBatch> batches;
  std::string previous(64, '0');
  for (const auto& line : lines) {
    batches.push_back({.number = line.number,
                       .kind = line.kind,
                       .base = line.base,
                       .generation = line.generation,
                       .run_id = line.run_id,
                       .business_date = BusinessDate::parse(line.date),
                       .checksum = "0/0",
                       .written_at = "2026-02-01T00:00:00.000Z",
                       .previous_hash = previous,
                       .published = line.published});
    previous = batches.back().hash();
  }
  return batches;
}

VaultLedger ledger_of(const std::vector<Line>& lines) {
  return {live, batches_of(lines)};
}

std::uint64_t number_of(const VaultBatch* batch) {
  return batch == nullptr ? 0 : batch->number;
}

// A refused publish, a second run for the day, a restore to the day before, a change by a person.
const std::vector<Line> story{
    {1, 0, 10, "r1", "2026-02-01"},
    {2, 1, 11, "r2", "2026-02-02", refused},
    {3, 1, 11, "r2", "2026-02-02"},
    {5, 3, 12, "r3", "2026-02-02"},
    {6, 5, 13, "restore", "2026-02-01", VaultBatch::Published::yes, VaultBatch::Kind::found},
    {7, 6, 13, "restore", "2026-02-01", VaultBatch::Published::yes, VaultBatch::Kind::found},
    {8, 7, 14, "r4", "2026-02-02", refused},
};

TEST(VaultLedger, ChainsWhatWasPublishedAndNothingElse) {
  const VaultLedger ledger = ledger_of(story);
  EXPECT_THAT(ledger.chain(7), ElementsAre(1U, 3U, 5U, 6U, 7U));
  EXPECT_THAT(ledger.chain(3), ElementsAre(1U, 3U));
  EXPECT_THAT(ledger.chain(0), IsEmpty());
  EXPECT_EQ(number_of(ledger.last_published()), 7U);
  ASSERT_THAT(ledger.open(), SizeIs(1));
  EXPECT_EQ(ledger.open()[0]->number, 8U);
  EXPECT_EQ(ledger.highest_number(), 8U);
}

TEST(VaultLedger, FindsTheStateOfAGenerationARunAndADate) {
  const VaultLedger ledger = ledger_of(story);
  EXPECT_EQ(number_of(ledger.of_generation(11)), 3U);
  EXPECT_EQ(number_of(ledger.of_generation(13)), 6U) << "as it was when it became live";
  EXPECT_EQ(number_of(ledger.of_generation(14)), 0U) << "never published";
  EXPECT_EQ(number_of(ledger.of_run("r2")), 3U);
  EXPECT_EQ(number_of(ledger.of_run("r4")), 0U);
  EXPECT_EQ(number_of(ledger.of_date(*BusinessDate::parse("2026-02-01"))), 6U);
  EXPECT_EQ(number_of(ledger.of_date(*BusinessDate::parse("2026-02-02"))), 5U)
      << "the day as its last run left it, although live went back after it";
  EXPECT_EQ(number_of(ledger.of_date(*BusinessDate::parse("2026-03-01"))), 5U);
  EXPECT_EQ(number_of(ledger.of_date(*BusinessDate::parse("2026-01-31"))), 0U);
}

TEST(VaultLedger, OfNothingIsEmpty) {
  const VaultLedger ledger = ledger_of({});
  EXPECT_EQ(ledger.last_published(), nullptr);
  EXPECT_EQ(ledger.head_hash(), std::string(64, '0'));
  EXPECT_EQ(ledger.highest_number(), 0U);
}

TEST(VaultLedger, RefusesAListThatSomebodyChanged) {
  const auto is_refused = [](std::vector<VaultBatch> batches) {
    try {
      const VaultLedger ledger(live, std::move(batches));
    } catch (const Error& error) {
      return error.kind() == ErrorKind::guard_refused;
    }
    return false;
  };
  EXPECT_FALSE(is_refused(batches_of(story)));
  auto changed = batches_of(story);
  changed[2].rows = 99;
  EXPECT_TRUE(is_refused(changed)) << "a batch was changed";
  auto shorter = batches_of(story);
  shorter.erase(shorter.begin() + 1);
  EXPECT_TRUE(is_refused(shorter)) << "a batch was taken out";
  auto longer = batches_of(story);
  longer.insert(longer.begin() + 3, {.number = 4, .base = 3});
  EXPECT_TRUE(is_refused(longer)) << "a batch was slipped in";
  auto beginning = batches_of(story);
  beginning.erase(beginning.begin());
  EXPECT_TRUE(is_refused(beginning)) << "the first one was taken out";
  auto circle = batches_of({{1, 1, 10, "r1", "2026-02-01"}});
  EXPECT_TRUE(is_refused(circle));
}

TEST(VaultBatch, GivesItsColumnsBack) {
  const std::vector<TableColumn> columns{{.name = "id",
                                          .data_type = "int",
                                          .column_type = "int(11)",
                                          .nullable = TableColumn::Nullable::no},
                                         {.name = "名前",
                                          .data_type = "varchar",
                                          .column_type = "varchar(9)",
                                          .charset = "utf8mb4",
                                          .collation = "utf8mb4_bin"}};
  EXPECT_EQ(VaultBatch{.columns_text = columns_json(columns)}.columns(), columns);
}

TEST(VaultBatch, HashesEachOfItsValues) {
  const VaultBatch batch = batches_of(story)[0];
  const std::string hash = batch.hash();
  const auto differs = [&](auto change) {
    VaultBatch other = batch;
    change(other);
    return other.hash() != hash;
  };
  EXPECT_TRUE(differs([](VaultBatch& b) { b.number = 2; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.kind = VaultBatch::Kind::found; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.generation = 2; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.run_id = "x"; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.business_date = {}; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.upstream_generation = 2; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.source_object = "x"; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.rows = 2; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.state_rows = 2; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.checksum = "1/1"; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.columns_text = columns_json({{.name = "x"}}); }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.written_at = "x"; }));
  EXPECT_TRUE(differs([](VaultBatch& b) { b.previous_hash = "x"; }));
  EXPECT_FALSE(differs([](VaultBatch& b) { b.published = refused; })) << "that comes later";
}

}  // namespace
}  // namespace pipeline::publish
