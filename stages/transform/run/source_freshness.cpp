#include "stages/transform/run/source_freshness.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/transform/compile/node_selector.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/model_session.h"
#include "stages/transform/run/run_results.h"

namespace pipeline::dbt {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::hours ahead_in_tokyo{9};

/// A source that has something to look at.
struct Asked {
  const Node& node;
  const SourceTable& table;
};

std::optional<int> number_in(std::string_view text, std::size_t begin, std::size_t digits) {
  const std::string_view part = text.substr(begin, digits);
  int number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  const bool whole = error == std::errc() && end == part.data() + part.size() && number >= 0;
  return whole && part.size() == digits ? std::optional(number) : std::nullopt;
}

/// ".5" as half a second; nullopt for what is no fraction of at most six digits.
std::optional<microseconds> fraction_in(std::string_view text) {
  if (text.empty()) return microseconds(0);
  constexpr std::size_t digits_max = 6;
  const std::size_t digits = text.size() - 1;
  if (text.front() != '.' || digits == 0 || digits > digits_max) return std::nullopt;
  const auto number = number_in(text, 1, digits);
  if (!number) return std::nullopt;
  std::int64_t micros = *number;
  for (std::size_t place = digits; place < digits_max; ++place) micros *= 10;
  return microseconds(micros);
}

std::string iso(Moment moment) {
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

double seconds_of(microseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

std::string_view word_of(Freshness status) {
  switch (status) {
    case Freshness::pass:
      return "pass";
    case Freshness::warn:
      return "warn";
    case Freshness::error:
      return "error";
  }
  return "error";
}

const SourceTable& table_of(const Project& project, const Node& node) {
  for (const auto& table : project.sources) {
    if (table.source == node.source_name && table.table == node.name) return table;
  }
  throw Error(ErrorKind::internal, node.unique_id + " is no table of the project");
}

std::vector<Asked> asked_sources(const Compiler& compiler, const BuildSelection& only) {
  std::vector<Asked> asked;
  for (const auto& id : matching_nodes(compiler.graph(), only.select, only.exclude)) {
    const Node& node = compiler.graph().at(id);
    if (node.type != ResourceType::source) continue;
    const SourceTable& table = table_of(compiler.project(), node);
    if (table.freshness && table.freshness->asks()) asked.push_back({node, table});
  }
  return asked;
}

publish::Marker marker_of(const LayerRunRequest& request, Connection& session) {
  const std::string& staging = request.plan.staging_schema;
  const auto marker = publish::read_marker(session, staging);
  if (!marker) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} was never published, so nobody knows of which day it is", staging));
  }
  if (request.business_date && *request.business_date != marker->business_date) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} shows {}, not {}", staging, marker->business_date.iso(),
                            request.business_date->iso()));
  }
  return *marker;
}

std::string query_of(const Asked& source) {
  const std::string& filter = source.table.freshness->filter;
  return fmt::format("select max({}) as max_loaded_at from {}{}", source.table.loaded_at_field,
                     source.node.relation.render(), filter.empty() ? "" : "\nwhere " + filter);
}

/// The newest row, or a message.
std::variant<Moment, std::string> newest(Connection& session, const Asked& source) {
  const std::string place = source.node.place.text();
  if (source.table.loaded_at_field.empty()) {
    return fmt::format("{}: freshness needs a loaded_at_field", place);
  }
  ResultTable answer;
  try {
    answer = session.query(query_of(source));
  } catch (const Error& error) {
    const bool of_this_source =
        error.kind() == ErrorKind::sql_rejected || error.kind() == ErrorKind::access_denied;
    if (!of_this_source) throw;
    return fmt::format("{}: {}", place, error.message());
  }
  const auto& value = answer.rows.at(0).at(0);
  // As dbt: without rows it was loaded infinitely long ago.
  if (!value) return Moment(std::chrono::sys_days(std::chrono::year(1) / 1 / 1));
  if (const auto moment = moment_in_tokyo(*value)) return *moment;
  return fmt::format("{}: loaded_at_field {} gives no DATETIME; write cast(... as datetime)", place,
                     source.table.loaded_at_field);
}

SourceFreshness look_at(Connection& session, const Asked& source, Moment now, Clock& clock) {
  SourceFreshness seen{.unique_id = source.node.unique_id,
                       .rule = *source.table.freshness,
                       .outcome = std::string()};
  const auto begin = clock.now();
  const auto found = newest(session, source);
  seen.asked = {begin, clock.now()};
  if (const auto* moment = std::get_if<Moment>(&found)) {
    seen.outcome = SourceFreshness::Seen{.max_loaded_at = *moment,
                                         .snapshotted_at = now,
                                         .status = judge_freshness(seen.rule, now - *moment)};
  } else {
    seen.outcome = std::get<std::string>(found);
  }
  return seen;
}

/// In dbt's words.
void tell(const SourceFreshness& source, const Asked& asked, std::size_t number, std::size_t of) {
  const std::string name = asked.table.source + "." + asked.table.table;
  const auto* seen = std::get_if<SourceFreshness::Seen>(&source.outcome);
  if (seen == nullptr) {
    log::warn("{} of {} ERROR freshness of {}: {}", number, of, name,
              std::get<std::string>(source.outcome));
    return;
  }
  switch (seen->status) {
    case Freshness::pass:
      return log::info("{} of {} PASS freshness of {}", number, of, name);
    case Freshness::warn:
      return log::warn("{} of {} WARN freshness of {}: newest row {}", number, of, name,
                       iso(seen->max_loaded_at));
    case Freshness::error:
      return log::warn("{} of {} ERROR STALE freshness of {}: newest row {}", number, of, name,
                       iso(seen->max_loaded_at));
  }
}

void write_sources(Artifacts& artifacts, const ArtifactFacts& facts,
                   const std::vector<SourceFreshness>& sources, std::chrono::milliseconds elapsed) {
  artifacts.replace_or_throw("sources.json", [&](const WriteText& write) {
    write("{\"metadata\": ");
    write(artifact_metadata(facts, "sources/v3").dump());
    write(", \"results\": [");
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (i > 0) write(",\n");
      write(to_json(sources[i]).dump());
    }
    write("], \"elapsed_time\": ");
    write(Json(seconds_of(elapsed)).dump());
    write("}\n");
  });
}

void throw_if_not_fresh(const std::vector<SourceFreshness>& sources) {
  std::vector<std::string> stale;
  std::vector<std::string> failed;
  for (const auto& source : sources) {
    const auto* seen = std::get_if<SourceFreshness::Seen>(&source.outcome);
    if (seen == nullptr) {
      failed.push_back(std::get<std::string>(source.outcome));
    } else if (seen->status == Freshness::error) {
      stale.push_back(
          fmt::format("{} (newest row {})", source.unique_id, iso(seen->max_loaded_at)));
    }
  }
  std::vector<std::string> said;
  if (!stale.empty()) said.push_back("ERROR STALE: " + join(stale, ", "));
  if (!failed.empty()) said.push_back("could not be asked: " + join(failed, "; "));
  if (said.empty()) return;
  const ErrorKind kind = stale.empty()    ? ErrorKind::sql_rejected
                         : failed.empty() ? ErrorKind::data_test_failed
                                          : ErrorKind::partial_failure;
  throw Error(kind, join(said, "; "));
}

}  // namespace

std::optional<Moment> moment_in_tokyo(std::string_view text) {
  constexpr std::string_view form = "0000-00-00 00:00:00";
  if (text.size() < form.size()) return std::nullopt;
  for (std::size_t at = 0; at < form.size(); ++at) {
    const bool digit = text[at] >= '0' && text[at] <= '9';
    if (form[at] == '0' ? !digit : text[at] != form[at]) return std::nullopt;
  }
  const auto part = [&](std::size_t begin, std::size_t digits) {
    return number_in(text, begin, digits).value_or(0);
  };
  const std::chrono::year_month_day date(std::chrono::year(part(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(part(8, 2))));
  const auto fraction = fraction_in(text.substr(form.size()));
  const bool fits = date.ok() && part(11, 2) < 24 && part(14, 2) < 60 && part(17, 2) < 60;
  if (!fits || !fraction) return std::nullopt;
  return Moment(std::chrono::sys_days(date)) + std::chrono::hours(part(11, 2)) +
         std::chrono::minutes(part(14, 2)) + std::chrono::seconds(part(17, 2)) + *fraction -
         ahead_in_tokyo;
}

Freshness judge_freshness(const FreshnessRule& rule, microseconds age) {
  const auto exceeds = [&](const std::optional<FreshnessThreshold>& threshold) {
    return threshold && age > threshold->age();
  };
  if (exceeds(rule.error_after)) return Freshness::error;
  return exceeds(rule.warn_after) ? Freshness::warn : Freshness::pass;
}

Json to_json(const SourceFreshness& source) {
  Json json = Json::object();
  json.set("unique_id", source.unique_id);
  const auto* seen = std::get_if<SourceFreshness::Seen>(&source.outcome);
  if (seen == nullptr) {
    json.set("error", redact(head(std::get<std::string>(source.outcome), message_bytes_max)));
    json.set("status", "runtime error");
    return json;
  }
  Json timing = Json::array();
  double took = 0;
  if (source.asked) {
    timing.push_back(timing_json("compile", {source.asked->begin, source.asked->begin}));
    timing.push_back(timing_json("execute", *source.asked));
    took = std::chrono::duration<double>(source.asked->end - source.asked->begin).count();
  }
  json.set("max_loaded_at", iso(seen->max_loaded_at));
  json.set("snapshotted_at", iso(seen->snapshotted_at));
  json.set("max_loaded_at_time_ago_in_s", seconds_of(seen->snapshotted_at - seen->max_loaded_at));
  json.set("status", word_of(seen->status));
  json.set("criteria", to_json(std::optional(source.rule)));
  json.set("adapter_response", Json::object());
  json.set("timing", std::move(timing));
  json.set("thread_id", "Thread-1");
  json.set("execution_time", took);
  return json;
}

void check_source_freshness(const LayerRunRequest& request, const LayerRunPorts& ports) {
  const auto begun = std::chrono::steady_clock::now();
  const Compiler compiler(request.compiler);
  const auto asked = asked_sources(compiler, request.plan.only);
  Connection session = Connection::open(request.build);
  const ListedSession listed(ports.sessions, session, Victim::connection);
  const publish::Marker marker = marker_of(request, session);
  ports.output.set("business_date", marker.business_date.iso());
  make_model_session(session, {.date = marker.business_date, .time_of_day = request.run_time});
  const auto now =
      std::chrono::time_point_cast<microseconds>(marker.business_date.instant_at(request.run_time));
  std::vector<SourceFreshness> sources;
  for (const auto& source : asked) {
    ports.throw_if_cancelled();
    sources.push_back(look_at(session, source, now, ports.clock));
    tell(sources.back(), source, sources.size(), asked.size());
  }
  if (marker_of(request, session).generation != marker.generation) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} was published anew while its freshness was looked at; run it again",
                            request.plan.staging_schema));
  }
  Json told = Json::array();
  for (const auto& source : sources) told.push_back(to_json(source));
  ports.output.set("sources", std::move(told));
  Artifacts artifacts(request.target_path.empty() ? compiler.project().dir + "/target"
                                                  : request.target_path);
  write_sources(artifacts,
                {.invocation_id = request.compiler.invocation_id,
                 .generated_at = ports.clock.now(),
                 .env = request.artifact_env},
                sources,
                std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::steady_clock::now() - begun));
  throw_if_not_fresh(sources);
}

}  // namespace pipeline::dbt
