// The vault on a real server: what it keeps is exact, and nobody of the pipeline can take it away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/publish/vault.h"
#include "stages/publish/vault_rights.h"
#include "tests/support/mariadb_server.h"

namespace pipeline::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string vault_sql = PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql";

test::MariadbServer& server() {
  static test::MariadbServer instance;
  static const bool granted = [] {
    instance.apply_grants();
    return true;
  }();
  static_cast<void>(granted);
  return instance;
}

/// The table silver.h with everything that a value can be, its vault, and a model run by hand.
class VaultTest : public testing::Test {
 protected:
  VaultTest() : root_(server().open_root()), build_(Connection::open(account("etl_build"))) {
    for (const char* schema : {"silver", "silver__next", "vault"}) {
      root_.execute(
          fmt::format("CREATE OR REPLACE DATABASE {} COLLATE utf8mb4_unicode_ci", schema));
    }
    root_.execute("CREATE OR REPLACE DATABASE recorded");
    root_.execute("TRUNCATE pipeline.publish_journal");
    server().run_sql_file(vault_sql, {});
    root_.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
    root_.execute(
        "CREATE TABLE silver.h (id INT NOT NULL, part VARCHAR(20) NOT NULL, status VARCHAR(20), "
        "amount DECIMAL(12,3), ratio FLOAT, measure DOUBLE, seen TIMESTAMP(3) NULL, since DATE, "
        "raw VARBINARY(20), flags BIT(9), kind ENUM('a','b','') NULL, note TEXT, "
        "latin VARCHAR(20) CHARACTER SET latin1, twice DECIMAL(13,3) AS (amount * 2) VIRTUAL, "
        "PRIMARY KEY (id, part))");
    write_live_marker();
    make_vault_table();
  }

  static ConnectionOptions account(const std::string& name) {
    return server().account_options(name);
  }

  void make_vault_table() {
    const TableName kept = vault_table("vault", table_.live);
    const std::string sql =
        vault_statement(table_, kept, columns_of(root_, table_.live), columns_of(root_, kept));
    if (!sql.empty()) root_.execute(sql);
  }

  Marker next_marker(const std::string& date = "2026-02-01") {
    ++generation_;
    return {.generation = generation_,
            .upstream_generation = generation_,
            .run_id = fmt::format("r{}", generation_),
            .business_date = *BusinessDate::parse(date),
            .source_object = "dumps/" + date};
  }

  /// What a publish does to readers: candidate and marker become live at once.
  void swap_in(const Marker& marker) {
    write_candidate_marker(root_, "silver", marker);
    root_.execute("DROP TABLE IF EXISTS silver__next.old, silver__next.old_marker");
    root_.execute(
        "RENAME TABLE silver.h TO silver__next.old, silver__next.h TO silver.h, "
        "silver.pipeline_marker TO silver__next.old_marker, silver__next.pipeline_marker TO "
        "silver.pipeline_marker");
  }

  void write_live_marker() {
    write_candidate_marker(root_, "silver", next_marker());
    root_.execute("RENAME TABLE silver__next.pipeline_marker TO silver.pipeline_marker");
  }

  void begin_candidate(const std::string& from = "silver.h") {
    root_.execute("DROP TABLE IF EXISTS silver__next.h");
    root_.execute("CREATE TABLE silver__next.h LIKE " + from);
    copy_rows(from, "silver__next.h");
  }

  void copy_rows(const std::string& from, const std::string& to) {
    std::vector<std::string> names;
    for (const auto& row :
         root_
             .query(fmt::format("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE "
                                "CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = '{}' AND "
                                "GENERATION_EXPRESSION IS NULL ORDER BY ORDINAL_POSITION",
                                from))
             .rows) {
      names.push_back(row[0].value_or(""));
    }
    root_.execute(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", to, name_list(names),
                              name_list(names), from));
  }

  /// One use of the vault by a process of its own.
  template <typename Use>
  auto with_vault(Use&& use) {
    Connection session = Connection::open(account("etl_vault"));
    Vault vault(session, {});
    return use(vault);
  }

  void begin_run() {
    with_vault([&](Vault& vault) {
      vault.settle(table_.live);
      vault.record_live(table_);
    });
  }

  /// Writes the batch, publishes, notes it.
  std::uint64_t publish(const std::string& date = "2026-02-01") {
    const Marker marker = next_marker(date);
    with_vault([&](Vault& vault) {
      vault.record_candidate(table_, {"silver__next", "h"}, marker);
    });
    swap_in(marker);
    with_vault([&](Vault& vault) { vault.settle(table_.live); });
    return marker.generation;
  }

  /// Rebuilds the table as it was after `batch` of the ledger, in silver__next.h.
  void rebuild(const VaultBatch* batch) {
    ASSERT_NE(batch, nullptr);
    const std::uint64_t number = batch->number;
    with_vault([&](Vault& vault) {
      vault.rebuild(table_, vault.ledger(table_.live), number, build_, {"silver__next", "h"});
    });
  }

  VaultLedger ledger() {
    return with_vault([&](Vault& vault) { return vault.ledger(table_.live); });
  }

  std::string value(const std::string& sql) { return root_.query_value(sql).value_or("\\N"); }

  VaultedTable table_{.live = {"silver", "h"}, .key = {"id", "part"}};
  Connection root_;
  Connection build_;
  std::uint64_t generation_ = 0;
};

/// Random sequences of everything that can happen to a table; each state is recorded beside.
class VaultStory : public VaultTest {
 protected:
  VaultStory() {
    const char* given = std::getenv("VAULT_TEST_SEED");
    seed_ = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
    random_.seed(seed_);
  }

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  std::string any_of(std::initializer_list<const char*> values) {
    return values.begin()[below(static_cast<int>(values.size()))];
  }

  /// A value of each column, the awkward ones often.
  std::string any_values() {
    return fmt::format("{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}",
                       any_of({"NULL", "''", "'new'", "'NEW'", "'ｎｅｗ'"}),
                       any_of({"NULL", "0", "-1.5", "999999999.999"}),
                       any_of({"NULL", "0.1", "0.10000001", "3e38"}),
                       any_of({"NULL", "0.1", "0.10000000000000002", "1e308"}),
                       any_of({"NULL", "'2026-02-01 07:00:00.123'", "'1970-01-02 00:00:00'"}),
                       any_of({"NULL", "'0000-00-00'", "'2026-02-28'", "'2026-02-00'"}),
                       any_of({"NULL", "''", "0x00ff27", "'a'"}),
                       any_of({"NULL", "0", "511", "256"}), any_of({"NULL", "''", "'a'", "'b'"}),
                       any_of({"NULL", "''", "REPEAT('長い', 3000)", "'it''s \\\\ a \\n'",
                               "CHAR(0, 26 USING utf8mb4)"}),
                       any_of({"NULL", "'caf\xC3\xA9'", "'x'"}));
  }

  static constexpr const char* value_columns =
      "status, amount, ratio, measure, seen, since, raw, flags, kind, note, latin";

  std::string any_part() { return any_of({"''", "'A'", "'a'", "'b'", "'表'", "' b'"}); }

  void change(const std::string& table) {
    for (int i = 1 + below(6); i > 0; --i) {
      switch (below(4)) {
        case 0:
          root_.execute(fmt::format("DELETE FROM {} WHERE id = {}", table, below(12)));
          break;
        case 1:
          // The letter case of a key, and nothing else.
          root_.execute(fmt::format("UPDATE IGNORE {} SET part = {} WHERE id = {} LIMIT 1", table,
                                    any_of({"UPPER(part)", "LOWER(part)"}), below(12)));
          break;
        default:
          root_.execute(fmt::format("REPLACE INTO {} (id, part, {}) VALUES ({}, {}, {})", table,
                                    value_columns, below(12), any_part(), any_values()));
          break;
      }
    }
  }

  void record(std::uint64_t generation) {
    const std::string name = fmt::format("recorded.g{}", generation);
    root_.execute(fmt::format("CREATE TABLE {} LIKE silver.h", name));
    copy_rows("silver.h", name);
    recorded_.push_back(generation);
  }

  std::string any_recorded() {
    return fmt::format(
        "recorded.g{}",
        recorded_[static_cast<std::size_t>(below(static_cast<int>(recorded_.size())))]);
  }

  /// A candidate from what is live or, as a second run for a date, from an earlier state.
  void build_candidate() {
    begin_candidate(recorded_.empty() || below(4) != 0 ? "silver.h" : any_recorded());
    change("silver__next.h");
  }

  void publish_maybe_dying_behind_it() {
    begin_run();
    build_candidate();
    const Marker marker = next_marker();
    const auto write = [&] {
      with_vault([&](Vault& vault) {
        vault.record_candidate(table_, {"silver__next", "h"}, marker);
      });
    };
    write();
    if (below(5) == 0) {
      // It died before its publish began; the retry has the same number and other rows.
      change("silver__next.h");
      write();
    }
    swap_in(marker);
    record(marker.generation);
    if (below(3) != 0) with_vault([&](Vault& vault) { vault.settle(table_.live); });
  }

  void refused_publish() {
    begin_run();
    build_candidate();
    const Marker marker = next_marker();
    with_vault([&](Vault& vault) {
      vault.record_candidate(table_, {"silver__next", "h"}, marker);
    });
  }

  void restore() {
    begin_run();
    begin_candidate(any_recorded());
    const Marker marker = next_marker();
    swap_in(marker);
    record(marker.generation);
    if (below(2) == 0) begin_run();
  }

  void person() {
    // What somebody does right behind a restore is part of what the vault finds as that restore.
    begin_run();
    change("silver.h");
  }

  void poison() {
    Connection vault = Connection::open(account("etl_vault"));
    vault.execute(fmt::format(
        "INSERT IGNORE INTO vault.silver__h (vault_batch, vault_op, id, part, status) VALUES "
        "({}, '{}', {}, 'a', 'poison')",
        below(2) == 0 ? ledger().highest_number() + 1 : 1'000'000, below(2) == 0 ? 'U' : 'D',
        below(12)));
  }

  void new_column() {
    const std::string name = fmt::format("extra{}", generation_);
    begin_run();
    begin_candidate();
    root_.execute(fmt::format("ALTER TABLE silver__next.h ADD COLUMN {} VARCHAR(9)", name));
    root_.execute(fmt::format("UPDATE silver__next.h SET {} = 'x' WHERE id % 2 = 0", name));
    root_.execute(fmt::format("ALTER TABLE vault.silver__h ADD COLUMN {} VARCHAR(9) NULL", name));
    record_after_publish();
  }

  void lose_a_column() {
    const std::string name = value(
        "SELECT MAX(COLUMN_NAME) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'silver' AND "
        "TABLE_NAME = 'h' AND COLUMN_NAME LIKE 'extra%'");
    if (name == "\\N") return;
    begin_run();
    begin_candidate();
    root_.execute(fmt::format("ALTER TABLE silver__next.h DROP COLUMN {}", name));
    record_after_publish();
  }

  void record_after_publish() {
    const auto generation = publish();
    record(generation);
  }

  unsigned seed_ = 0;
  std::mt19937 random_;
  std::vector<std::uint64_t> recorded_;
};

TEST_F(VaultStory, GivesEveryGenerationBackExactlyAsItWas) {
  std::cout << "VAULT_TEST_SEED=" << seed_ << "\n";
  SCOPED_TRACE(fmt::format("VAULT_TEST_SEED={}", seed_));
  constexpr std::size_t generations = 40;
  change("silver.h");
  record(generation_);
  begin_run();
  while (recorded_.size() < generations) {
    const int what = below(100);
    if (what < 50) {
      publish_maybe_dying_behind_it();
    } else if (what < 65) {
      refused_publish();
    } else if (what < 75) {
      restore();
    } else if (what < 85) {
      person();
    } else if (what < 92) {
      poison();
    } else if (what < 96) {
      new_column();
    } else {
      lose_a_column();
    }
    if (HasFatalFailure()) return;
  }
  begin_run();
  const VaultLedger known = ledger();
  for (const std::uint64_t generation : recorded_) {
    SCOPED_TRACE(fmt::format("generation {}", generation));
    rebuild(known.of_generation(generation));
    const auto difference =
        compare_rows(root_, {.before = {.table = {"recorded", fmt::format("g{}", generation)}},
                             .after = {.table = {"silver__next", "h"}},
                             .examples_max = 2});
    EXPECT_TRUE(difference.no_row_differs())
        << difference.only_before << " missing, " << difference.changed << " changed, "
        << difference.only_after << " too many";
    EXPECT_THAT(difference.columns_only_before, IsEmpty());
    EXPECT_THAT(difference.columns_only_after, IsEmpty());
  }
  rebuild(known.last_published());
  EXPECT_TRUE(compare_rows(root_, {.before = {.table = {"silver", "h"}},
                                   .after = {.table = {"silver__next", "h"}}})
                  .no_row_differs())
      << "what the vault knew last is what is live";
}

TEST_F(VaultTest, KeepsWhatARestoreOrAPersonChangedAsABatchOfItsOwn) {
  root_.execute("INSERT INTO silver.h (id, part) VALUES (1, 'a')");
  begin_run();
  begin_run();
  ASSERT_THAT(ledger().batches(), SizeIs(1)) << "nothing new, no batch";
  root_.execute("UPDATE silver.h SET status = 'by hand'");
  begin_run();
  const VaultLedger known = ledger();
  ASSERT_THAT(known.batches(), SizeIs(2));
  EXPECT_EQ(known.batches()[1].kind, VaultBatch::Kind::found);
  EXPECT_EQ(known.batches()[1].rows, 1U);
  EXPECT_EQ(known.of_generation(generation_)->number, 1U)
      << "the generation is what was published, not what became of it";
}

TEST_F(VaultTest, CountsABatchOnlyIfItsPublishHappened) {
  begin_run();
  begin_candidate();
  root_.execute("INSERT INTO silver__next.h (id, part) VALUES (1, 'a')");
  const Marker marker = next_marker();
  with_vault([&](Vault& vault) {
    vault.record_candidate(table_, {"silver__next", "h"}, marker);
    EXPECT_THAT(vault.settle(table_.live), IsEmpty());
  });
  EXPECT_EQ(ledger().last_published()->number, 1U);
  swap_in(marker);
  with_vault([&](Vault& vault) { EXPECT_THAT(vault.settle(table_.live), SizeIs(1)); });
  EXPECT_EQ(ledger().last_published()->number, 2U);
  EXPECT_EQ(ledger().last_published()->generation, marker.generation);
}

TEST_F(VaultTest, AsksTheJournalWhereTheMarkerHasMovedOn) {
  begin_run();
  begin_candidate();
  root_.execute("INSERT INTO silver__next.h (id, part) VALUES (1, 'a')");
  const Marker marker = next_marker();
  with_vault([&](Vault& vault) { vault.record_candidate(table_, {"silver__next", "h"}, marker); });
  swap_in(marker);
  begin_candidate();
  swap_in(next_marker());
  root_.execute(
      fmt::format("INSERT INTO pipeline.publish_journal (schema_name, generation, run_id, "
                  "business_date, state, plan, created_at) VALUES ('silver', {}, '{}', "
                  "'2026-02-01', 'done', '', NOW())",
                  marker.generation, marker.run_id));
  with_vault([&](Vault& vault) { EXPECT_THAT(vault.settle(table_.live), SizeIs(1)); });
}

TEST_F(VaultTest, RebuildsATableThatIsGone) {
  root_.execute("INSERT INTO silver.h (id, part, status) VALUES (1, 'a', 'x'), (2, 'b', NULL)");
  begin_run();
  root_.execute("CREATE TABLE recorded.h LIKE silver.h");
  copy_rows("silver.h", "recorded.h");
  root_.execute("DROP TABLE silver.h");
  rebuild(ledger().last_published());
  EXPECT_TRUE(compare_rows(root_, {.before = {.table = {"recorded", "h"}},
                                   .after = {.table = {"silver__next", "h"}}})
                  .no_row_differs());
  EXPECT_EQ(unique_keys_of(root_, {"silver__next", "h"}).at(0).columns, table_.key);
}

TEST_F(VaultTest, RefusesToRestoreFromRowsThatSomebodyChanged) {
  root_.execute("INSERT INTO silver.h (id, part, status) VALUES (1, 'a', 'x')");
  begin_run();
  const VaultLedger known = ledger();
  for (const std::string change :
       {"UPDATE vault.silver__h SET status = 'X'", "DELETE FROM vault.silver__h",
        "INSERT INTO vault.silver__h (vault_batch, vault_op, id, part) VALUES (1, 'I', 9, '')"}) {
    SCOPED_TRACE(change);
    root_.execute("START TRANSACTION");
    root_.execute("CREATE TABLE recorded.kept SELECT * FROM vault.silver__h");
    root_.execute(change);
    try {
      rebuild(known.last_published());
      ADD_FAILURE() << "was rebuilt";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::guard_refused);
      EXPECT_THAT(error.message(), HasSubstr("batch 1 of silver.h"));
    }
    root_.execute("TRUNCATE vault.silver__h");
    root_.execute("INSERT INTO vault.silver__h SELECT * FROM recorded.kept");
    root_.execute("DROP TABLE recorded.kept");
  }
  EXPECT_NO_THROW(rebuild(known.last_published()));
  root_.execute("UPDATE vault.batch SET business_date = '2020-01-01'");
  EXPECT_THROW(ledger(), Error) << "the published row names the hash of another batch";
}

TEST_F(VaultTest, NamesWhatItLacksBeforeAnythingIsWritten) {
  const auto misfits = [&] {
    return with_vault([&](Vault& vault) { return vault.misfits(table_, table_.live); });
  };
  EXPECT_THAT(misfits(), IsEmpty());
  root_.execute("ALTER TABLE silver.h ADD COLUMN extra INT");
  EXPECT_THAT(misfits(), ElementsAre(HasSubstr("lacks the column extra of silver.h")));
  make_vault_table();
  EXPECT_THAT(misfits(), IsEmpty());
  root_.execute("DROP TABLE vault.silver__h");
  EXPECT_THAT(misfits(), ElementsAre(HasSubstr("make it with: vault init")));
  root_.execute("DROP TABLE vault.published");
  EXPECT_THAT(misfits(), ElementsAre(HasSubstr("vault.published is missing")));
}

TEST_F(VaultTest, TellsEveryVersionOfARow) {
  root_.execute("INSERT INTO silver.h (id, part, status) VALUES (1, 'a', 'new'), (1, 'b', NULL)");
  begin_run();
  begin_candidate();
  root_.execute("UPDATE silver__next.h SET status = 'in' WHERE part = 'a'");
  publish("2026-02-02");
  begin_candidate();
  root_.execute("DELETE FROM silver__next.h WHERE part = 'a'");
  with_vault([&](Vault& vault) {
    vault.record_candidate(table_, {"silver__next", "h"}, next_marker("2026-02-03"));
    const RowHistory history = vault.versions(table_, {{"id", "1"}, {"part", "a"}});
    ASSERT_THAT(history.versions, SizeIs(3));
    EXPECT_EQ(history.columns.at(2), "status");
    EXPECT_EQ(history.versions[0].op, "I");
    EXPECT_EQ(history.versions[0].values.at(2), "new");
    EXPECT_EQ(history.versions[1].op, "U");
    EXPECT_EQ(history.versions[1].values.at(2), "in");
    EXPECT_EQ(history.versions[1].of->source_object, "dumps/2026-02-02");
    EXPECT_EQ(history.versions[1].of->published, VaultBatch::Published::yes);
    EXPECT_EQ(history.versions[2].op, "D");
    EXPECT_EQ(history.versions[2].of->published, VaultBatch::Published::no);
    EXPECT_THAT(vault.versions(table_, {{"id", "1"}}).versions, SizeIs(4));
    EXPECT_THROW(vault.versions(table_, {{"nowhere", "1"}}), Error);
  });
}

TEST_F(VaultTest, WritesNothingOfABatchThatIsCutOff) {
  root_.execute("INSERT INTO silver.h (id, part) VALUES (1, 'a')");
  root_.execute("ALTER TABLE vault.batch ADD CONSTRAINT refuses_all CHECK (row_count < 0)");
  EXPECT_THROW(begin_run(), Error);
  EXPECT_EQ(value("SELECT COUNT(*) FROM vault.silver__h"), "0");
  EXPECT_EQ(value("SELECT COUNT(*) FROM vault.batch"), "0");
}

TEST_F(VaultTest, IsWrittenByOneAtATime) {
  with_vault([&](Vault&) {
    Connection other = Connection::open(account("etl_vault"));
    EXPECT_EQ(
        other.query_value(fmt::format("SELECT IS_FREE_LOCK({})", quote_text(lock_name("vault")))),
        "0");
  });
}

// The ways to destroy rows; {} is the vault table.
constexpr const char* ways_to_destroy[] = {
    "DELETE FROM {}",
    "DELETE {} FROM {} JOIN vault.batch b ON TRUE",
    "UPDATE {} SET status = 'x'",
    "UPDATE {} v JOIN vault.batch b ON TRUE SET v.status = 'x'",
    "TRUNCATE TABLE {}",
    "DROP TABLE {}",
    "DROP DATABASE vault",
    "ALTER TABLE {} DROP COLUMN status",
    "ALTER TABLE {} FORCE",
    "RENAME TABLE {} TO vault.away",
    "RENAME TABLE {} TO silver__next.away",
    "REPLACE INTO {} (vault_batch, vault_op, id, part) VALUES (1, 'D', 1, 'a')",
    ("INSERT INTO {} (vault_batch, vault_op, id, part) VALUES (1, 'D', 1, 'a') ON DUPLICATE KEY "
     "UPDATE vault_op = 'D'"),
    "CREATE OR REPLACE TABLE {} (id INT)",
    "CREATE TRIGGER vault.t BEFORE INSERT ON {} FOR EACH ROW SET NEW.status = 'x'",
    "CREATE INDEX i ON {} (status)",
    "LOCK TABLES {} WRITE",
};

TEST_F(VaultTest, LosesNoRowToAnyAccountOfThePipeline) {
  root_.execute("INSERT INTO silver.h (id, part, status) VALUES (1, 'a', 'kept')");
  begin_run();
  const auto checksum = [&] {
    std::string all;
    for (const auto& row :
         root_.query("CHECKSUM TABLE vault.silver__h, vault.batch, vault.published").rows) {
      all += row.at(0).value_or("") + " " + row.at(1).value_or("") + "\n";
    }
    return all;
  };
  const auto before = checksum();
  ASSERT_EQ(value("SELECT COUNT(*) FROM vault.silver__h"), "1");
  for (const std::string name :
       {"etl_vault", "etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
    Connection session = Connection::open(account(name));
    std::vector<std::string> statements;
    for (const std::string way : ways_to_destroy) {
      statements.push_back(replace_all(way, "{}", "vault.silver__h"));
    }
    // The lists without which its rows mean nothing.
    for (const std::string list : {"vault.batch", "vault.published"}) {
      for (const std::string way :
           {"DELETE FROM {}", "UPDATE {} SET batch = batch + 1", "TRUNCATE TABLE {}",
            "DROP TABLE {}", "ALTER TABLE {} FORCE", "RENAME TABLE {} TO vault.away",
            "REPLACE INTO {} SELECT * FROM {} LIMIT 1", "CREATE OR REPLACE TABLE {} (id INT)"}) {
        statements.push_back(replace_all(way, "{}", list));
      }
    }
    for (const auto& sql : statements) {
      SCOPED_TRACE(name + ": " + sql);
      try {
        session.execute(sql);
        ADD_FAILURE() << "was allowed";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::access_denied) << error.what();
      }
    }
  }
  EXPECT_EQ(checksum(), before);
}

class VaultRights : public VaultTest {
 protected:
  static std::vector<std::string> objections(const std::string& name) {
    Connection session = Connection::open(account(name));
    const auto role = name == "etl_vault" ? VaultRole::writer : VaultRole::everybody;
    return rights_objections(session, role, "vault");
  }
  std::vector<std::string> of_tables() {
    Connection session = Connection::open(account("etl_vault"));
    return vault_table_objections(session, "vault");
  }
  /// What the statement brings up, and that its undoing takes away again.
  std::vector<std::string> brought_up_by(const std::string& sql, const std::string& undo,
                                         const std::string& name) {
    root_.execute(sql);
    auto found = objections(name);
    root_.execute(undo);
    EXPECT_THAT(objections(name), IsEmpty()) << undo;
    return found;
  }
};

TEST_F(VaultRights, AreInOrderAsTheGrantsFileLeavesThem) {
  for (const std::string name :
       {"etl_vault", "etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
    EXPECT_THAT(objections(name), IsEmpty()) << name;
  }
  EXPECT_THAT(of_tables(), IsEmpty());
}

TEST_F(VaultRights, ThatAreTooManyAreNamed) {
  EXPECT_THAT(brought_up_by("GRANT DELETE ON vault.* TO etl_vault@localhost",
                            "REVOKE DELETE ON vault.* FROM etl_vault@localhost", "etl_vault"),
              ElementsAre("etl_vault@localhost has DELETE on vault.*"));
  EXPECT_THAT(brought_up_by("GRANT UPDATE ON `va%`.* TO etl_build@localhost",
                            "REVOKE UPDATE ON `va%`.* FROM etl_build@localhost", "etl_build"),
              ElementsAre("etl_build@localhost has UPDATE on va%.*"));
  root_.execute("CREATE ROLE IF NOT EXISTS helper");
  EXPECT_THAT(brought_up_by("GRANT helper TO etl_vault@localhost",
                            "REVOKE helper FROM etl_vault@localhost", "etl_vault"),
              ElementsAre(HasSubstr("may become helper")));
  EXPECT_THAT(brought_up_by("REVOKE INSERT ON vault.* FROM etl_vault@localhost",
                            "GRANT INSERT ON vault.* TO etl_vault@localhost", "etl_vault"),
              ElementsAre("etl_vault@localhost lacks SELECT, INSERT on vault.*"));
}

TEST_F(VaultRights, OfSomebodyElseThatAnAccountMayUseAreNamed) {
  root_.execute(
      "CREATE OR REPLACE PROCEDURE silver.empty_it() SQL SECURITY DEFINER DELETE FROM "
      "vault.silver__h");
  EXPECT_THAT(brought_up_by("GRANT EXECUTE ON PROCEDURE silver.empty_it TO etl_vault@localhost",
                            "REVOKE EXECUTE ON PROCEDURE silver.empty_it FROM etl_vault@localhost",
                            "etl_vault"),
              ElementsAre(HasSubstr("may run silver.empty_it with the rights of root@localhost")));
  EXPECT_THAT(brought_up_by("CREATE SQL SECURITY DEFINER VIEW silver__next.door AS SELECT * FROM "
                            "vault.silver__h",
                            "DROP VIEW silver__next.door", "etl_build"),
              ElementsAre(HasSubstr("the view silver__next.door reaches the vault")));
}

TEST_F(VaultRights, ForeignKeysTriggersAndOtherEnginesAreNamed) {
  root_.execute("CREATE TABLE silver.parent (id INT PRIMARY KEY)");
  root_.execute(
      "CREATE TABLE vault.child (id INT, FOREIGN KEY (id) REFERENCES silver.parent (id) "
      "ON DELETE CASCADE)");
  root_.execute("CREATE TABLE vault.plain (id INT) ENGINE=MyISAM");
  root_.execute("CREATE TRIGGER vault.t BEFORE INSERT ON vault.plain FOR EACH ROW SET @a = 1");
  const auto found = of_tables();
  EXPECT_THAT(found, testing::Contains(HasSubstr("vault.child has the foreign key")));
  EXPECT_THAT(found, testing::Contains(HasSubstr("vault.plain uses the engine MyISAM")));
  EXPECT_THAT(found, testing::Contains(HasSubstr("vault.plain has the trigger")));
}

}  // namespace
}  // namespace pipeline::publish
