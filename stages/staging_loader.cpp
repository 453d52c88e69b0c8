// main() of staging_loader: makes the schema staging equal to one daily dump.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/object_store/object_store.h"
#include "common/object_store/s3_store.h"
#include "common/stage/stage_main.h"
#include "stages/commands/consumers.h"
#include "stages/commands/floor_options.h"
#include "stages/commands/init_command.h"
#include "stages/commands/text_table.h"
#include "stages/loader_doctor.h"
#include "stages/staging/load/loader.h"
#include "stages/store_options.h"
#include "stages/transform/project/source_names.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

CliSpec command_line() {
  const CliOption date{.name = "--business-date",
                       .value_name = "DATE",
                       .help = "load no dump after this date; default today in Tokyo"};
  const CliOption json{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"};
  CliSpec spec;
  spec.program = "staging_loader";
  spec.summary = "Makes the schema staging equal to the oldest dump that is not loaded yet.";
  spec.default_command = "load";
  spec.commands = {
      {.name = "load",
       .help = "load one dump, publish it, archive it",
       .options =
           {date,
            {.name = "--allow-gaps",
             .value_name = "REASON",
             .help = "go on although days have no dump"},
            {.name = "--newest-only",
             .value_name = "REASON",
             .help = "load the newest dump and lose the days before it"},
            {.name = "--rewind",
             .value_name = "REASON",
             .help = "load the dump of the business date although it is older than the live one"},
            {.name = "--override-guards",
             .value_name = "REASON",
             .help = "load although a table falls below its floor (protect.tables)"},
            {.name = "--force",
             .kind = OptionKind::flag,
             .help = "load the dump of the business date although it is live"},
            {.name = "--whole",
             .kind = OptionKind::flag,
             .help = "load every table anew, whatever did not change"},
            {.name = "--dry-run",
             .kind = OptionKind::flag,
             .help = "read and check the dump, say what would happen, and change nothing"}},
       .exclusive = {{"--newest-only", "--rewind", "--force"}}},
      init_command_line(),
      {.name = "adopt",
       .help = "take a staging that another system filled into the records as it stands",
       .options = {{.name = "--business-date",
                    .value_name = "DATE",
                    .help = "of the dump that staging holds"},
                   {.name = "--dry-run",
                    .kind = OptionKind::flag,
                    .help = "show what would happen, and change nothing"},
                   {.name = "--reason", .value_name = "TEXT", .help = "for the records"},
                   json}},
      {.name = "verify",
       .help = "load the live dump once more beside staging and compare every table",
       .options = {json}},
      {.name = "ls",
       .help = "show day by day what became of its dump",
       .options = {date,
                   {.name = "--days",
                    .value_name = "N",
                    .help = "of the calendar, up to the business date; default 60"},
                   json}},
      {.name = "check",
       .help = "log in with every account, look at lock, marker and store, name the pending dates",
       .options = {json,
                   {.name = "--doctor",
                    .value_name = "PART",
                    .help = "print what `orchestrator doctor` asks: identity, store (writes a "
                            "probe) or server"}},
       .exclusive = {{"--json", "--doctor"}}}};
  return spec;
}

BusinessDate business_date(const StageContext& context) {
  const auto given = context.asked.value("--business-date");
  if (!given) return BusinessDate::at(context.clock.now());
  const auto date = BusinessDate::parse(*given);
  if (!date) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--business-date {} is no date; write it as 2026-02-01", *given));
  }
  return *date;
}

/// The value of an option that asks for a reason; an empty one is refused.
std::optional<std::string> reason(const StageContext& context, std::string_view option) {
  auto given = context.asked.value(option);
  if (given && trim(*given).empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} wants a reason, which goes into the ledger", option));
  }
  return given;
}

DumpWish wish_of(const StageContext& context) {
  return {.date = business_date(context),
          .allow_gaps = reason(context, "--allow-gaps"),
          .newest_only = reason(context, "--newest-only"),
          .rewind = reason(context, "--rewind"),
          .force = context.asked.has("--force") ? DumpWish::Force::yes : DumpWish::Force::no};
}

/// The sessions of this process, so that a signal can end what runs on them.
class OpenedSessions {
 public:
  void add(const ConnectionOptions& account, std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    sessions_.emplace_back(account, id);
  }
  void end_statements() {
    const std::lock_guard lock(mutex_);
    for (const auto& [account, id] : sessions_) {
      try {
        kill_from_outside(account, id, Victim::statement);
      } catch (const std::exception& error) {
        log::warn("the statement of session {} was not ended: {}", id, error.what());
      }
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<ConnectionOptions, std::uint64_t>> sessions_;
};

LoaderOptions options_of(const PipelineConfig& config) {
  LoaderOptions options;
  options.schema = config.staging.schema;
  options.places = dump_places(config);
  if (config.source.trailer == SourceConfig::Trailer::optional) {
    options.trailer = dump::DumpReaderOptions::Trailer::optional;
  }
  options.wait_until = config.source.wait_until;
  options.poll_interval = config.source.poll_interval;
  for (const auto& layer : config.transform.layers) {
    options.layers.push_back({.layer = layer.name, .schema = layer.schema});
  }
  options.sessions = config.staging.sessions;
  if (config.staging.load == StagingConfig::Load::whole) options.tables = RouteOptions::Load::whole;
  if (config.staging.rebuild_before_swap == StagingConfig::Rebuild::yes) {
    options.rebuild = FillOptions::Rebuild::yes;
  }
  options.preserve = config.staging.preserve;
  options.shrink_guard_rows = static_cast<std::uint64_t>(config.staging.shrink_guard_rows);
  options.floors = floor_options(config);
  options.load_account = account_options(config, "load");
  options.publish_account = account_options(config, "publish");
  options.check_cancelled = [] { throw_if_cancelled(); };
  return options;
}

std::unique_ptr<ObjectStore> open_source(const StageContext& context) {
  S3Options s3 = store_options(context.config);
  s3.check_cancelled = [] { throw_if_cancelled(); };
  return open_store(context.config.source.store, std::move(s3));
}

/// What `work` makes of a loader whose statements a signal ends.
template <typename Work>
auto with_loader(const StageContext& context, LoaderOptions options, Work&& work) {
  OpenedSessions sessions;
  const CancelHook end_statements([&] { sessions.end_statements(); });
  options.session_opened = [&](const ConnectionOptions& account, std::uint64_t id) {
    sessions.add(account, id);
  };
  const auto store = open_source(context);
  StagingLoader loader(*store, context.clock, std::move(options));
  return work(loader);
}

Json dates_json(const std::vector<BusinessDate>& dates) {
  Json list = Json::array();
  for (const auto& date : dates) list.push_back(date.iso());
  return list;
}

Json names_json(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(name);
  return list;
}

std::string_view word_of(LoadedTable::Way way) {
  switch (way) {
    case LoadedTable::Way::whole:
    case LoadedTable::Way::again:
      return "whole";
    case LoadedTable::Way::changes:
      return "changes";
    case LoadedTable::Way::ready:
    case LoadedTable::Way::untouched:
      return "nothing";
  }
  return "whole";
}

Json table_json(const LoadedTable& table, LoadReport::Outcome outcome) {
  Json one = Json::object();
  one.set("table", table.name);
  one.set("rows", table.rows);
  if (outcome == LoadReport::Outcome::loaded) one.set("loaded", word_of(table.way));
  if (table.way == LoadedTable::Way::changes) {
    one.set("rows_sent", table.rows_sent);
    one.set("rows_deleted", table.rows_deleted);
  }
  if (!table.content.empty()) one.set("content", table.content);
  if (table.warnings > 0) one.set("warnings", table.warnings);
  if (!table.taken_off.empty()) one.set("taken_off", names_json(table.taken_off));
  return one;
}

std::string_view word_of(LoadReport::Outcome outcome) {
  switch (outcome) {
    case LoadReport::Outcome::loaded:
      return "loaded";
    case LoadReport::Outcome::nothing_new:
      return "nothing_new";
    case LoadReport::Outcome::would_load:
      return "would_load";
  }
  return "nothing_new";
}

void fill_output(const LoadReport& report, Json& output) {
  const bool would_load = report.outcome == LoadReport::Outcome::would_load;
  output.set("outcome", word_of(report.outcome));
  output.set("business_date", report.live.business_date.iso());
  output.set("generation", would_load ? Json() : Json(report.live.generation));
  output.set("source_object", report.live.source_object);
  output.set("source_sha256", report.live.source_sha256);
  output.set("archived_as", report.archived_as ? Json(*report.archived_as) : Json());
  if (report.outcome == LoadReport::Outcome::nothing_new) return;
  output.set("rows", report.content.rows);
  output.set("text_bytes", report.content.text_bytes);
  output.set("object_bytes", report.dump.object.size_bytes);
  if (!would_load) {
    output.set("load_milliseconds", std::int64_t{report.load_duration.count()});
    output.set("publish_milliseconds", std::int64_t{report.publish_duration.count()});
  }
  Json tables = Json::array();
  for (const auto& table : report.content.tables)
    tables.push_back(table_json(table, report.outcome));
  output.set("tables", std::move(tables));
  output.set("kept_empty", names_json(report.kept_empty));
  output.set("dropped", names_json(report.dropped));
  output.set("skipped", names_json(report.content.skipped));
  output.set("manifest", report.manifest ? Json(*report.manifest) : Json());
  output.set("gaps", dates_json(report.gaps));
  if (!report.override_reason.empty()) output.set("override_reason", report.override_reason);
}

void print_loaded(const LoadReport& report) {
  fmt::print(
      "loaded {} as generation {}: {} tables, {} rows, {} of text in {:.1f} s, published in {:.2f} "
      "s\n",
      report.live.source_object, report.live.generation, report.content.tables.size(),
      report.content.rows, human_bytes(report.content.text_bytes),
      std::chrono::duration<double>(report.load_duration).count(),
      std::chrono::duration<double>(report.publish_duration).count());
  const auto of_way = [&](std::string_view way) {
    return std::ranges::count_if(
        report.content.tables, [&](const LoadedTable& table) { return word_of(table.way) == way; });
  };
  std::uint64_t sent = 0;
  std::uint64_t deleted = 0;
  for (const auto& table : report.content.tables) {
    if (table.way != LoadedTable::Way::changes) continue;
    sent += table.rows_sent;
    deleted += table.rows_deleted;
  }
  fmt::print("{} tables anew, {} by what changed ({} rows sent, {} deleted), {} as they were\n",
             of_way("whole"), of_way("changes"), sent, deleted, of_way("nothing"));
}

void print_report(const LoadReport& report) {
  if (report.outcome == LoadReport::Outcome::nothing_new) {
    fmt::print("nothing new: staging holds the dump of {} (generation {})\n",
               report.live.business_date.iso(), report.live.generation);
    return;
  }
  if (report.outcome == LoadReport::Outcome::would_load) {
    fmt::print(
        "{} would be loaded as of {}: {} tables, {} rows, {} of text; it is whole, and nothing "
        "stands against it that shows before the server takes the rows\n",
        report.live.source_object, report.live.business_date.iso(), report.content.tables.size(),
        report.content.rows, human_bytes(report.content.text_bytes));
  } else {
    print_loaded(report);
  }
  if (!report.dropped.empty())
    fmt::print("without rows, not in staging: {}\n", join(report.dropped, ", "));
  if (!report.kept_empty.empty()) fmt::print("kept empty: {}\n", join(report.kept_empty, ", "));
  if (!report.override_reason.empty()) fmt::print("on request: {}\n", report.override_reason);
  if (!report.gaps.empty()) fmt::print("days without a dump: {}\n", dates_json(report.gaps).dump());
}

void load(const StageContext& context) {
  const DumpWish wish = wish_of(context);
  LoaderOptions options = options_of(context.config);
  options.override_guards = reason(context, "--override-guards").value_or("");
  options.sources = source_table_names(context.config.transform.project_dir);
  if (context.asked.has("--whole")) options.tables = RouteOptions::Load::whole;
  const bool dry_run = context.asked.has("--dry-run");
  const LoadReport report = with_loader(context, std::move(options), [&](StagingLoader& loader) {
    return dry_run ? loader.rehearse(wish) : loader.load(wish, context.run_id);
  });
  fill_output(report, context.output);
  print_report(report);
  if (dry_run) {
    fmt::print("dry run: nothing was changed\n");
    return;
  }
  require_consumers_see(context, {context.config.staging.schema});
}

std::string_view word_of(StagingAdoption::Outcome outcome) {
  switch (outcome) {
    case StagingAdoption::Outcome::adopted:
      return "adopted";
    case StagingAdoption::Outcome::already:
      return "already_adopted";
    case StagingAdoption::Outcome::would_be_adopted:
      return "would_be_adopted";
    case StagingAdoption::Outcome::refused:
      return "refused";
  }
  return "refused";
}

std::string_view becomes(StagingRelation::Kind kind) {
  switch (kind) {
    case StagingRelation::Kind::of_dumps:
      return "the next load replaces it";
    case StagingRelation::Kind::leftover:
      return "stays; nothing of the pipeline reads or drops it";
    case StagingRelation::Kind::other:
      return "stays as it is";
  }
  return "stays as it is";
}

Json adoption_json(const StagingAdoption& adoption, const std::string& schema) {
  Json json = Json::object();
  json.set("command", "adopt");
  json.set("schema", schema);
  json.set("outcome", word_of(adoption.outcome));
  json.set("business_date", adoption.marker.business_date.iso());
  json.set("generation", adoption.marker.generation);
  json.set("source_object", adoption.marker.source_object);
  json.set("told_by", adoption.told_by ? Json(adoption.told_by->object.key) : Json());
  Json tables = Json::array();
  for (const auto& relation : adoption.relations) {
    Json one = Json::object();
    one.set("name", schema + "." + relation.name);
    one.set("is", relation.is);
    one.set("rows", relation.rows ? Json(*relation.rows) : Json());
    one.set("rows_in_dump", relation.rows_in_dump ? Json(*relation.rows_in_dump) : Json());
    one.set("becomes", becomes(relation.kind));
    tables.push_back(std::move(one));
  }
  json.set("tables", std::move(tables));
  json.set("warnings", names_json(adoption.warnings));
  json.set("refused", names_json(adoption.refused));
  json.set("statements", names_json(adoption.statements));
  return json;
}

void print_adoption(const StagingAdoption& adoption, const std::string& schema) {
  const auto date = adoption.marker.business_date.iso();
  if (adoption.outcome == StagingAdoption::Outcome::already) {
    fmt::print("{} is {}; it shows {} as generation {}\n", schema,
               adoption.adopted_as_of ? "already adopted, as of " + adoption.adopted_as_of->iso()
                                      : "the pipeline's already",
               date, adoption.marker.generation);
    return;
  }
  std::vector<std::vector<std::string>> lines{{"NAME", "IS", "ROWS", "BECOMES"}};
  for (const auto& relation : adoption.relations) {
    lines.push_back({schema + "." + relation.name, relation.is,
                     relation.rows ? std::to_string(*relation.rows) : "-",
                     std::string(becomes(relation.kind))});
  }
  if (lines.size() > 1) print_columns(lines);
  for (const auto& line : adoption.warnings) fmt::print("look at this: {}\n", line);
  for (const auto& line : adoption.refused) fmt::print("refused: {}\n", line);
  if (!adoption.statements.empty()) fmt::print("an administrator may type:\n");
  for (const auto& line : adoption.statements) fmt::print("  {};\n", line);
  if (adoption.outcome == StagingAdoption::Outcome::adopted) {
    fmt::print("{} is adopted as of {}, generation {}; the next load goes on from it\n", schema,
               date, adoption.marker.generation);
  }
  if (adoption.outcome == StagingAdoption::Outcome::would_be_adopted) {
    fmt::print("dry run: nothing was changed\n");
  }
}

void init(const StageContext& context) {
  const bool incomplete = set_up_schemas(
      context, {{.name = context.config.staging.schema, .where = publish::SchemaClass::staging}});
  if (incomplete) return;
  const auto store = open_source(context);
  const auto problems = StagingLoader(*store, context.clock, options_of(context.config)).problems();
  if (!problems.empty()) throw Error(problems.front());
  fmt::print("rights are as a load needs them\n");
}

void adopt(const StageContext& context) {
  const auto& schema = context.config.staging.schema;
  if (!context.asked.value("--business-date")) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("adopt wants --business-date: nobody can tell from {} of which day its "
                            "dump is",
                            schema));
  }
  const StagingAdoptionWish wish{.date = business_date(context),
                                 .dry_run = context.asked.has("--dry-run")
                                                ? StagingAdoptionWish::DryRun::yes
                                                : StagingAdoptionWish::DryRun::no,
                                 .reason = reason(context, "--reason").value_or("")};
  const StagingAdoption adoption =
      with_loader(context, options_of(context.config),
                  [&](StagingLoader& loader) { return loader.adopt(wish, context.run_id); });
  context.output = adoption_json(adoption, schema);
  if (context.asked.has("--json")) {
    fmt::print("{}\n", context.output.dump());
  } else {
    print_adoption(adoption, schema);
  }
  if (adoption.outcome == StagingAdoption::Outcome::refused) {
    throw Error(ErrorKind::guard_refused, fmt::format("{} is not adopted, nothing was changed: {}",
                                                      schema, join(adoption.refused, "; ")));
  }
  if (adoption.adopted_as_of && *adoption.adopted_as_of != wish.date) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} was adopted as of {}, not {}", schema,
                            adoption.adopted_as_of->iso(), wish.date.iso()));
  }
}

void verify(const StageContext& context) {
  const StagingVerification found =
      with_loader(context, options_of(context.config),
                  [&](StagingLoader& loader) { return loader.verify(context.run_id); });
  Json differences = Json::array();
  std::vector<std::string> names;
  for (const auto& [table, what] : found.differences) {
    Json one = Json::object();
    one.set("table", table);
    one.set("what", what);
    differences.push_back(std::move(one));
    names.push_back(table);
  }
  Json& output = context.output;
  output.set("business_date", found.live.business_date.iso());
  output.set("generation", found.live.generation);
  output.set("object", found.object);
  output.set("rows", found.rows);
  output.set("tables_equal", found.tables_equal);
  output.set("differences", differences);
  if (context.asked.has("--json")) {
    fmt::print("{}\n", output.dump());
  } else {
    for (const auto& [table, what] : found.differences) fmt::print("{}: {}\n", table, what);
    fmt::print("{} tables of {} are equal to those of {} ({} rows)\n", found.tables_equal,
               context.config.staging.schema, found.object, found.rows);
  }
  if (!names.empty()) {
    throw Error(ErrorKind::data_test_failed,
                fmt::format("{} is not what {} makes: {}", context.config.staging.schema,
                            found.object, join(names, ", ")));
  }
}

Json live_json(const StagingState& state) {
  if (!state.live) return {};
  Json live = Json::object();
  live.set("business_date", state.live->business_date.iso());
  live.set("generation", state.live->generation);
  live.set("run_id", state.live->run_id);
  live.set("source_object", state.live->source_object);
  return live;
}

Json layers_json(const StagingState& state) {
  Json layers = Json::array();
  for (const auto& layer : state.dates.layers) {
    Json one = Json::object();
    one.set("name", layer.layer);
    one.set("business_date", layer.date ? Json(layer.date->iso()) : Json());
    one.set("outdated", layer.built == LayerDate::Built::outdated);
    layers.push_back(std::move(one));
  }
  return layers;
}

int days_of(const StageContext& context) {
  const auto given = context.asked.value("--days");
  if (!given) return CalendarWish{}.days;
  constexpr int days_max = 10'000;
  int days = 0;
  const char* const end = given->data() + given->size();
  const auto [stop, error] = std::from_chars(given->data(), end, days);
  if (error == std::errc() && stop == end && days >= 1 && days <= days_max) return days;
  throw Error(ErrorKind::config_invalid,
              fmt::format("--days {} is no number from 1 to {}", *given, days_max));
}

Json loaded_json(const PublishedLoad& load) {
  Json json = Json::object();
  json.set("generation", load.generation);
  json.set("run_id", load.run_id);
  json.set("published_at", format_utc(load.published_at));
  return json;
}

Json note_json(const RefusalNote& note) {
  Json json = Json::object();
  json.set("error", note.error);
  json.set("cause", note.cause);
  json.set("run_id", note.run_id);
  json.set("refused_at", note.refused_at);
  return json;
}

Json entry_json(const CalendarEntry& entry) {
  Json row = Json::object();
  row.set("date", entry.date.iso());
  row.set("key", entry.dump ? Json(entry.dump->object.key) : Json());
  row.set("bytes", entry.dump ? Json(entry.dump->object.size_bytes) : Json());
  row.set("state", state_text(entry));
  row.set("loaded", entry.loaded ? loaded_json(*entry.loaded) : Json());
  row.set("why", entry.why ? note_json(*entry.why) : Json());
  return row;
}

std::string why_text(const CalendarEntry& refused) {
  if (!refused.why) return "nothing beside it says why";
  return fmt::format("{}: {} (run {}, {})", refused.why->error, refused.why->cause,
                     refused.why->run_id, refused.why->refused_at);
}

/// One line a date: what stands for it, and in a word what was refused besides.
std::vector<std::string> date_line(std::span<const CalendarEntry> of_date) {
  const bool only_refused = of_date.front().state == CalendarEntry::State::refused;
  const CalendarEntry& shown = only_refused ? of_date.back() : of_date.front();
  std::vector<std::string> notes;
  if (shown.loaded) {
    notes.push_back(fmt::format("generation {}, {}, run {}", shown.loaded->generation,
                                format_jst(shown.loaded->published_at), shown.loaded->run_id));
  }
  if (only_refused) notes.push_back(why_text(shown));
  if (of_date.size() > 1) {
    notes.push_back(fmt::format("{} {} refused{}", of_date.size() - 1,
                                only_refused ? "more" : "was",
                                only_refused ? "" : ": " + why_text(of_date.back())));
  }
  return {shown.date.iso(), shown.dump ? human_bytes(shown.dump->object.size_bytes) : "-",
          state_text(shown), shown.dump ? shown.dump->object.key : "-", join(notes, "; ")};
}

void list_dumps_of(const StageContext& context) {
  const CalendarWish wish{.asked = business_date(context), .days = days_of(context)};
  const auto store = open_source(context);
  StagingLoader loader(*store, context.clock, options_of(context.config));
  const DumpCalendar calendar = loader.calendar(wish);
  Json rows = Json::array();
  for (const auto& entry : calendar.entries) rows.push_back(entry_json(entry));
  context.output.set("dumps", rows);
  context.output.set("earlier_dumps", calendar.earlier_dumps);
  if (context.asked.has("--json")) {
    fmt::print("{}\n", rows.dump());
    return;
  }
  std::vector<std::vector<std::string>> lines{{"DATE", "SIZE", "STATE", "OBJECT", "NOTE"}};
  const std::span<const CalendarEntry> entries(calendar.entries);
  for (std::size_t first = 0, end = 0; first < entries.size(); first = end) {
    while (end < entries.size() && entries[end].date == entries[first].date) ++end;
    lines.push_back(date_line(entries.subspan(first, end - first)));
  }
  if (lines.size() > 1) print_columns(lines);
  if (calendar.earlier_dumps > 0) {
    fmt::print("dumps of dates before {} that are not shown, for want of --days: {}\n",
               calendar.entries.empty() ? wish.asked.iso() : calendar.entries.front().date.iso(),
               calendar.earlier_dumps);
  }
}

void check(const StageContext& context) {
  if (const auto part = context.asked.value("--doctor")) {
    loader_doctor(context, *part);
    return;
  }
  const auto store = open_source(context);
  StagingLoader loader(*store, context.clock, options_of(context.config));
  const std::vector<Error> problems = loader.problems();
  Json answer = Json::object();
  answer.set("ok", problems.empty());
  Json texts = Json::array();
  for (const auto& problem : problems) {
    texts.push_back(fmt::format("{}: {}", problem.name(), problem.message()));
  }
  answer.set("problems", std::move(texts));
  if (problems.empty()) {
    const StagingState state = loader.survey();
    answer.set("live", live_json(state));
    answer.set("layers", layers_json(state));
    answer.set("pending", dates_json(state.pending));
    answer.set("missing", dates_json(state.missing));
  }
  context.output = answer;
  if (context.asked.has("--json")) {
    fmt::print("{}\n", answer.dump());
  } else {
    for (const auto& [key, value] : answer.as_object()) fmt::print("{}: {}\n", key, value.dump());
  }
  if (!problems.empty()) throw problems.front();
}

}  // namespace
}  // namespace pipeline

int main(int argc, char** argv) {
  using namespace pipeline;
  return stage_main({.cli = command_line(),
                     .commands = {{"load", load},
                                  {"init", init},
                                  {"adopt", adopt},
                                  {"verify", verify},
                                  {"ls", list_dumps_of},
                                  {"check", check}}},
                    argc, argv);
}
