// The two protected tables of the bundled project under its own pipeline.yaml: what an edited model
// or a hand at the server would destroy is refused, or comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/integration/bundled_warehouse.h"

namespace pipeline::bundled {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string history = "silver.tenant_status_history";
const std::string snapshot = "silver.tenant_room_snapshot_daily";
const std::string history_model = "models/silver/tenant_status_history.sql";
const std::string snapshot_model = "models/silver/tenant_room_snapshot_daily.sql";

Warehouse& shared_warehouse() {
  static Warehouse instance;
  return instance;
}

/// Two days are published and staging shows the second.
class BundledHistory : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    warehouse().reset();
    for (int day = 1; day <= 2; ++day) {
      warehouse().stage(day, fmt::format("2026-02-{:02}", day));
      warehouse().build();
    }
  }
  void TearDown() override { warehouse().restore_project(); }

  static Warehouse& warehouse() { return shared_warehouse(); }
  static std::string value(const std::string& sql) { return warehouse().value(sql); }

  /// Every row and every byte of a table.
  static std::string bytes_of(const std::string& table) {
    return warehouse().rows("SELECT * FROM " + table + " ORDER BY 1, 2, 3, 4");
  }

  /// That silver is refused for what it would do to `table`, and that nothing live is another.
  static Outcome expect_refused(const std::string& table) {
    const std::string rows = bytes_of(history) + bytes_of(snapshot);
    const std::string all = warehouse().checksums();
    const std::string marker = warehouse().rows("SELECT * FROM silver.pipeline_marker");
    Outcome outcome = warehouse().run("silver_transformer");
    EXPECT_EQ(outcome.program.exit_code, 21) << outcome.program.text();
    EXPECT_EQ(outcome.error(), "Pipeline.GuardRefused");
    EXPECT_THAT(outcome.cause(), HasSubstr(table + " is protected"));
    EXPECT_TRUE(bytes_of(history) + bytes_of(snapshot) == rows) << "live is as it was";
    EXPECT_EQ(warehouse().checksums(), all);
    EXPECT_EQ(warehouse().rows("SELECT * FROM silver.pipeline_marker"), marker);
    return outcome;
  }

  static Outcome diff(const std::string& model) {
    Outcome shown = warehouse().run("silver_transformer", {"diff", model, "--limit", "1000"});
    EXPECT_TRUE(shown.program.ok()) << shown.program.text();
    return shown;
  }
};

/// A slip in a model, and what the guard and diff must say of it.
struct Slip {
  const char* what;
  std::string file;
  std::string from;
  std::string to;
  std::string table;
  const char* rows;       // one row that is hit, as "key=value, ...", by SQL
  const char* violation;  // behind the number of rows
  const char* shown;      // how diff calls such a row
};

const std::string last_bracket = "meta={'protect': true}";

std::vector<Slip> slips() {
  const char* closed =
      "SELECT CONCAT('tenant_id=', tenant_id, ', valid_from=', valid_from) FROM "
      "silver.tenant_status_history WHERE is_current = 0 ORDER BY tenant_id, valid_from LIMIT 1";
  const char* of_a_tenant_who_changes =
      "SELECT CONCAT('tenant_id=', h.tenant_id, ', valid_from=', h.valid_from) FROM "
      "silver.tenant_status_history h JOIN silver.tenant_status_history now ON now.tenant_id = "
      "h.tenant_id AND now.is_current = 1 JOIN staging.tenants t ON t.id = h.tenant_id WHERE NOT "
      "(now.status <=> t.status AND now.contract_type <=> t.contract_type AND "
      "now.affiliation_status <=> t.affiliation_status AND now.is_transferred <=> "
      "t.is_transferred AND now.is_renewal_ng <=> t.is_renewal_ng AND now.is_paysle_unpaid <=> "
      "t.is_paysle_unpaid AND now.renewal_priority <=> t.renewal_priority AND now.agreement_type "
      "<=> t.agreement_type) ORDER BY h.tenant_id, h.valid_from LIMIT 1";
  const char* first_day =
      "SELECT CONCAT('snapshot_date=', snapshot_date, ', tenant_id=', tenant_id, ', "
      "apartment_id=', "
      "apartment_id, ', room_id=', room_id) FROM silver.tenant_room_snapshot_daily ORDER BY "
      "snapshot_date, tenant_id, apartment_id, room_id LIMIT 1";
  const auto hook = [](const std::string& when, const std::string& sql) {
    return last_bracket + ",\n    " + when + "_hook=\"" + sql + "\"";
  };
  return {
      {"a hook throws superseded rows away", history_model, last_bracket,
       hook("pre", "delete from {{ this }} where is_current = 0"), history, closed,
       "would have been lost", "removed"},
      {"a hook fills what was not known then", history_model, last_bracket,
       hook("pre", "update {{ this }} set renewal_priority = 3 where is_current = 0"), history,
       closed, "would have changed", "changed"},
      {"the key of the merge lost its date", history_model,
       "unique_key=['tenant_id', 'valid_from']", "unique_key='tenant_id'", history,
       of_a_tenant_who_changes, "would have been lost", "removed"},
      {"a hook keeps one day alone", snapshot_model, last_bracket,
       hook("post", "delete from {{ this }} where snapshot_date < curdate()"), snapshot, first_day,
       "would have been lost", "removed"},
      {"a hook brings old days up to date", snapshot_model, last_bracket,
       hook("post", "update {{ this }} set tenant_status = 17 where snapshot_date < curdate()"),
       snapshot, first_day, "would have changed", "changed"},
      {"a tenant has one row for all days", snapshot_model, last_bracket,
       last_bracket + ",\n    unique_key='tenant_id'", snapshot, first_day, "would have been lost",
       "removed"},
  };
}

TEST_F(BundledHistory, IsNotLostToAModelThatSomebodyEdited) {
  warehouse().stage(3, "2026-02-03");
  ASSERT_NE(value("SELECT COUNT(*) FROM " + history + " WHERE valid_to IS NOT NULL"), "0");
  for (const auto& slip : slips()) {
    SCOPED_TRACE(slip.what);
    warehouse().edit(slip.file, slip.from, slip.to);
    const std::string row = value(slip.rows);
    const Outcome refused = expect_refused(slip.table);
    EXPECT_THAT(refused.cause(), AllOf(HasSubstr(slip.violation), HasSubstr(row),
                                       HasSubstr("nothing was published")));
    EXPECT_THAT(diff(split(slip.table, '.').back()).program.out,
                HasSubstr(fmt::format("{}  {}", slip.shown, row)));
    warehouse().restore_project();
  }
}

TEST_F(BundledHistory, IsNotMadeFromNothing) {
  warehouse().stage(3, "2026-02-03");
  for (const auto& [file, table] :
       {std::pair(history_model, history), std::pair(snapshot_model, snapshot)}) {
    SCOPED_TRACE(table);
    warehouse().edit(file, "materialized='incremental'", "materialized='table'");
    EXPECT_THAT(expect_refused(table).cause(), HasSubstr("its model is not incremental"));
    warehouse().restore_project();
  }
  const std::string before = bytes_of(history) + bytes_of(snapshot);
  const Outcome full = warehouse().run("silver_transformer", {"--full-refresh"});
  EXPECT_EQ(full.program.exit_code, 21) << full.program.text();
  EXPECT_TRUE(bytes_of(history) + bytes_of(snapshot) == before);
}

/// An act of somebody who has the password of an account.
struct Act {
  const char* sql;  // {0} is the table, {1} its name without the schema
  std::vector<std::string> allowed_to;
};

const std::vector<Act> acts{
    {"DELETE FROM {0}", {}},
    {"UPDATE {0} SET tenant_id = 0", {}},
    {"REPLACE INTO {0} SELECT * FROM {0}", {}},
    {"INSERT INTO {0} SELECT * FROM {0} x ON DUPLICATE KEY UPDATE {1}.tenant_id = 0", {}},
    {"INSERT INTO {0} (tenant_id) VALUES (999999)", {"etl_publish"}},
    {"TRUNCATE TABLE {0}", {"etl_publish", "etl_janitor"}},
    {"ALTER TABLE {0} DROP COLUMN contract_type", {"etl_publish"}},
    {"RENAME TABLE {0} TO silver.gone_{1}", {"etl_publish"}},
    {"CREATE OR REPLACE TABLE {0} (a INT)", {"etl_publish"}},
    {"DROP TABLE {0}", {"etl_publish", "etl_janitor"}},
};

bool is_allowed(const Act& act, const std::string& account) {
  return std::find(act.allowed_to.begin(), act.allowed_to.end(), account) != act.allowed_to.end();
}

std::string statement(const Act& act, const std::string& table) {
  return fmt::format(fmt::runtime(act.sql), table, split(table, '.').back());
}

TEST_F(BundledHistory, IsChangedByNoAccountThatNeedNotRename) {
  const std::string before = bytes_of(history) + bytes_of(snapshot);
  for (const std::string account :
       {"etl_load", "etl_build", "etl_vault", "etl_publish", "etl_janitor"}) {
    Connection session = Connection::open(warehouse().server().account_options(account));
    session.execute("SET SESSION sql_mode = ''");
    for (const auto& table : {history, snapshot}) {
      for (const auto& act : acts) {
        if (is_allowed(act, account)) continue;
        SCOPED_TRACE(account + ": " + statement(act, table));
        try {
          session.execute(statement(act, table));
          ADD_FAILURE() << "was allowed";
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::access_denied) << error.what();
        }
      }
    }
  }
  EXPECT_TRUE(bytes_of(history) + bytes_of(snapshot) == before);
}

/// The same by hand; each test begins and ends with two published days.
class BundledHistoryByHand : public BundledHistory {
 protected:
  static Outcome restore(const std::string& table) {
    return warehouse().run("silver_transformer", {"restore", table});
  }
  static void replay() {
    const Outcome replayed = warehouse().run("silver_transformer");
    EXPECT_TRUE(replayed.program.ok()) << replayed.program.text();
  }
};

TEST_F(BundledHistoryByHand, ComesBackByRestoreAndReplay) {
  const std::string before = bytes_of(history) + bytes_of(snapshot);
  for (const auto& act : acts) {
    for (const auto& account : act.allowed_to) {
      SCOPED_TRACE(account + ": " + act.sql);
      Connection session = Connection::open(warehouse().server().account_options(account));
      session.execute("SET SESSION sql_mode = ''");
      for (const auto& table : {history, snapshot}) {
        session.execute(statement(act, table));
        const Outcome restored = restore(table);
        EXPECT_TRUE(restored.program.ok()) << restored.program.text();
        EXPECT_THAT(restored.program.out, HasSubstr("missing now: 2026-02-02"));
      }
      replay();
      EXPECT_TRUE(bytes_of(history) + bytes_of(snapshot) == before) << "byte for byte";
    }
  }
}

TEST_F(BundledHistoryByHand, IsNotReplacedByTheRowsThatARestoreTookAway) {
  warehouse().execute("TRUNCATE TABLE " + history);
  ASSERT_TRUE(restore(history).program.ok());
  // The same slip once more, before a publish has made another backup: the newest one is empty.
  warehouse().execute("TRUNCATE TABLE " + history);
  const Outcome refused = restore(history);
  EXPECT_EQ(refused.program.exit_code, 21) << refused.program.out;
  EXPECT_THAT(refused.cause(), HasSubstr("no verified backup but what a restore or rollback took "
                                         "away"));
}

}  // namespace
}  // namespace pipeline::bundled
