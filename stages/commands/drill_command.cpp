#include "stages/commands/drill_command.h"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/commands/guard_commands.h"
#include "stages/commands/text_table.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/drill.h"
#include "stages/publish/rights.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/publish/vault.h"
#include "stages/transform/run/candidate_copy.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/model_session.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

using publish::Drill;
using publish::HistoryRule;

/// The rules of the layer. A project that cannot be read must not keep backups from being tried.
std::vector<HistoryRule> rules_of(const dbt::LayerRunRequest& request) {
  try {
    const dbt::Compiler compiler(request.compiler);
    return dbt::rules_of_layer(compiler, request);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config_invalid) throw;
    log::warn("the project cannot be read, so only protect.history is known: {}", error.message());
  }
  std::vector<HistoryRule> rules;
  for (const auto& rule : request.protect.history) {
    if (rule.table.schema == request.layer().schema) rules.push_back(rule);
  }
  return rules;
}

class LayerDrill {
 public:
  LayerDrill(const StageContext& context, const LayerConfig& layer,
             const dbt::LayerRunRequest& request)
      : context_(context),
        layer_(layer),
        request_(request),
        as_json_(context.asked.has("--json")),
        session_(context, layer, Fence::own_schemas),
        published_(publish::read_published_layer(session_.connection(), layer.schema)),
        rules_(rules_of(request)),
        builder_(open("build")),
        asker_(open("build")),
        listed_(sessions_, builder_, Victim::statement),
        listed_asker_(sessions_, asker_, Victim::statement),
        end_statements_([this] { sessions_.end_all(); }) {
    // Rules may ask what day it is.
    for (Connection* session : {&builder_, &asker_}) {
      dbt::make_model_session(
          *session, {.date = published_.marker.business_date, .time_of_day = request.run_time});
    }
  }

  void run() {
    publish::require_rights_to_drill(publisher(), builder_);
    publish::require_schemas(builder_, {std::string(publish::scratch_schema)});
    if (const auto text = context_.asked.positional("TABLE")) only_ = table_of(*text, layer_);
    for (const auto& name : publish::sweep_drills(builder_, published_.schemas)) {
      log::info("{} was left by a drill that died; it is dropped", name.text());
    }
    std::vector<Drill> failed;
    const auto backups = publish::backups_to_prove(publisher(), layer_.schema, failed);
    for (const auto& drill : failed) {
      if (is_asked(drill.live)) note(drill);
    }
    for (const auto& backup : backups) {
      throw_if_cancelled();
      if (is_asked(backup.live)) note(prove(backup));
    }
    drill_vault();
    tell();
  }

 private:
  Connection& publisher() { return session_.connection(); }

  bool is_asked(const TableName& live) const { return !only_ || *only_ == live; }

  Connection open(const char* account) {
    Connection session = Connection::open(account_options(context_.config, account));
    publish::note_session(publisher(), session,
                          {.run_id = context_.run_id, .target = layer_.schema, .role = "drill"});
    return session;
  }

  const HistoryRule* rule_of(const TableName& live) const {
    const auto found = std::ranges::find(rules_, live, &HistoryRule::table);
    return found == rules_.end() ? nullptr : &*found;
  }

  Drill prove(const publish::Backup& backup) {
    const auto copy = [](Connection& connection, const TableName& from, const TableName& to) {
      dbt::copy_candidate(connection, from, to);
    };
    try {
      return publish::prove_backup({.publisher = publisher(), .builder = builder_, .asker = asker_},
                                   backup, rule_of(backup.live), copy);
    } catch (const Error& error) {
      require_goes_on(error, builder_);
      return {.live = backup.live,
              .source = Drill::Source::backup,
              .from = backup.backup_name,
              .business_date = backup.business_date,
              .finding = error.message()};
    }
  }

  /// A backup that cannot be read is a finding; a lost session, a missing right or a stop is not.
  static void require_goes_on(const Error& error, Connection& session) {
    const bool of_the_backup =
        error.kind() == ErrorKind::sql_rejected || error.kind() == ErrorKind::guard_refused ||
        error.kind() == ErrorKind::config_invalid || error.kind() == ErrorKind::internal;
    if (!of_the_backup || !session.alive()) throw error;
  }

  void drill_vault() {
    if (!request_.vault) return;
    Connection reader = open("vault");
    publish::Vault vault(reader, request_.vault->options, publish::Vault::Use::read);
    for (const auto& rule : rules_) {
      throw_if_cancelled();
      if (!is_asked(rule.table) || vault.key_of(rule.table).empty()) continue;
      Drill drill{.live = rule.table, .source = Drill::Source::vault};
      const auto begin = std::chrono::steady_clock::now();
      try {
        prove_vault(vault, drill);
      } catch (const Error& error) {
        require_goes_on(error, reader);
        drill.finding = error.message();
      }
      drill.took = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - begin);
      note(drill);
    }
  }

  void prove_vault(publish::Vault& vault, Drill& drill) {
    const auto ledger = vault.ledger(drill.live);
    const auto* batch = ledger.last_published();
    if (batch == nullptr) {
      drill.finding = "the vault has no batch of it that counts";
      return;
    }
    drill.from = fmt::format("batch {}", batch->number);
    drill.business_date = batch->business_date;
    const TableName restored = publish::drill_table(drill.live, Drill::Source::vault);
    // It sets the time zone of the session in which it writes.
    Connection writer = open("build");
    const dbt::ListedSession listed(sessions_, writer, Victim::statement);
    const publish::VaultedTable table{.live = drill.live, .key = vault.key_of(drill.live)};
    drill.rows = vault.rebuild(table, ledger, batch->number, writer, restored);
    failpoint("drill_after_rebuild");
    const auto marker = publish::read_marker(publisher(), drill.live.schema);
    const bool is_live =
        marker && marker->generation == batch->generation && marker->run_id == batch->run_id &&
        publish::relation_kind(publisher(), drill.live) == publish::RelationKind::table;
    if (is_live) {
      const auto difference = publish::compare_rows(
          builder_, {.before = {.table = restored, .query = {}, .hidden = {}},
                     .after = {.table = drill.live, .query = {}, .hidden = {}},
                     .key = table.key,
                     .before_where = {},
                     .closed_when = {}});
      if (!difference.no_row_differs()) {
        drill.finding = fmt::format(
            "the vault and live show the same generation, but {} rows are only in the vault, {} "
            "only in live and {} differ: live was changed by hand, or the vault was",
            difference.only_before, difference.only_after, difference.changed);
      }
    }
    writer.execute("DROP TABLE IF EXISTS " + restored.quoted());
  }

  void note(Drill drill) {
    publish::write_drill(publisher(), drill, context_.run_id);
    failpoint("drill_after_note");
    if (!drill.proven()) {
      log::error("the {} of {}{} does not prove: {}", publish::word_of(drill.source),
                 drill.live.text(), drill.from.empty() ? "" : ", " + drill.from + ",",
                 drill.finding);
    }
    drills_.push_back(
        {.drill = std::move(drill), .run_id = context_.run_id, .at = context_.clock.now()});
  }

  void tell() {
    context_.output.set("command", "drill");
    context_.output.set("schema", layer_.schema);
    Json drills = Json::array();
    for (const auto& record : drills_) drills.push_back(to_json(record));
    context_.output.set("drills", std::move(drills));
    if (as_json_) {
      fmt::print("{}\n", context_.output.dump());
    } else if (drills_.empty()) {
      fmt::print("no backups\n");
    } else {
      print();
    }
    std::vector<std::string> failures;
    for (const auto& [drill, run_id, at] : drills_) {
      if (drill.proven()) continue;
      failures.push_back(fmt::format("{} {} ({}): {}", publish::word_of(drill.source),
                                     drill.from.empty() ? "none" : drill.from, drill.live.text(),
                                     drill.finding));
    }
    if (failures.empty()) return;
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} of {} backups of {} cannot be restored as they should: {}",
                            failures.size(), drills_.size(), layer_.schema, join(failures, "; ")));
  }

  void print() const {
    std::vector<std::vector<std::string>> lines{
        {"TABLE", "SOURCE", "HOLDS", "ROWS", "TOOK", "OUTCOME", "FROM"}};
    for (const auto& [drill, run_id, at] : drills_) {
      lines.push_back({drill.live.text(), std::string(publish::word_of(drill.source)),
                       drill.business_date ? drill.business_date->iso() : "no known day",
                       std::to_string(drill.rows),
                       fmt::format("{:.1f} s", std::chrono::duration<double>(drill.took).count()),
                       drill.proven() ? "proven" : "FAILED", drill.from});
    }
    print_columns(lines);
  }

  const StageContext& context_;
  const LayerConfig& layer_;
  const dbt::LayerRunRequest& request_;
  const bool as_json_;
  LayerSession session_;
  publish::PublishedLayer published_;
  std::vector<HistoryRule> rules_;
  dbt::OpenSessions sessions_;
  Connection builder_;
  Connection asker_;
  dbt::ListedSession listed_;
  dbt::ListedSession listed_asker_;
  CancelHook end_statements_;
  std::optional<TableName> only_;
  std::vector<publish::DrillRecord> drills_;
};

}  // namespace

CliCommand drill_command_line() {
  return {.name = "drill",
          .help = "restore the newest backups where nobody looks, and compare",
          .options = {{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"}},
          .positionals = {{.name = "TABLE",
                           .help = "silver.t, or t for a table of the layer; default: all",
                           .needed = CliPositional::Needed::optional}}};
}

void drill_command(const StageContext& context, const LayerProgram& program,
                   const dbt::LayerRunRequest& request) {
  const LayerConfig& layer = layer_of(context, program);
  LayerDrill(context, layer, request).run();
}

}  // namespace pipeline
