#include "orchestrator/tasks/staging_check.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/process/child_process.h"

namespace pipeline {
namespace {

constexpr std::size_t answer_bytes_max = 1U << 20U;

BusinessDate date_of(const Json& value) {
  if (const auto date = BusinessDate::parse(value.as_string())) return *date;
  throw Error(ErrorKind::config_invalid,
              fmt::format("the loader names the date \"{}\", which is none", value.as_string()));
}

std::vector<BusinessDate> dates_of(const Json& document, std::string_view key) {
  std::vector<BusinessDate> dates;
  for (const auto& value : document.at(key).as_array()) dates.push_back(date_of(value));
  std::sort(dates.begin(), dates.end());
  return dates;
}

bool a_layer_is_behind(const StagingCheck& check) {
  return check.live &&
         std::any_of(check.layers.begin(), check.layers.end(), [&](const auto& layer) {
           return !layer.business_date || *layer.business_date < *check.live ||
                  layer.built == StagingCheck::Layer::Built::outdated;
         });
}

/// The first problem of its answer, which names user, server and where the secret came from.
std::string why_it_failed(const ChildResult& ended) {
  try {
    const Json answer = Json::parse(ended.output);
    const auto& problems = answer.at("problems").as_array();
    if (!problems.empty()) return "says " + problems.front().as_string();
  } catch (const Error&) {  // it died before it could answer
  }
  return "did not answer: " + ended.text();
}

}  // namespace

StagingCheck parse_staging_check(const Json& document) {
  StagingCheck check;
  if (const Json& live = document.at("live"); !live.is_null()) {
    check.live = date_of(live.at("business_date"));
  }
  check.pending = dates_of(document, "pending");
  check.missing = dates_of(document, "missing");
  for (const auto& entry : document.at("layers").as_array()) {
    StagingCheck::Layer layer{.name = entry.at("name").as_string(), .business_date = {}};
    if (const Json& date = entry.at("business_date"); !date.is_null()) {
      layer.business_date = date_of(date);
    }
    if (const Json* outdated = entry.find("outdated"); outdated != nullptr && outdated->as_bool()) {
      layer.built = StagingCheck::Layer::Built::outdated;
    }
    check.layers.push_back(std::move(layer));
  }
  return check;
}

std::optional<BusinessDate> next_date(const StagingCheck& check, BusinessDate today,
                                      const std::set<BusinessDate>& done) {
  if (a_layer_is_behind(check)) return *check.live;
  if (!check.pending.empty() && check.pending.front() <= today) return check.pending.front();
  if (!check.live || *check.live < today) return today;
  if (done.empty()) return today;
  return {};
}

StagingCheck ask_loader(const AskOptions& options, std::stop_token stop) {
  ChildOptions child{.argv = options.loader,
                     .environment = options.environment,
                     .log_path = options.log_path,
                     .output = ChildOptions::Output::captured,
                     .captured_bytes_max = answer_bytes_max,
                     .time_limit = options.time_limit};
  child.argv.insert(child.argv.end(), {"check", "--json", "--config", options.config_path});
  const ChildResult ended = run_child(child, {}, std::move(stop));
  const std::string program = options.loader.front() + " check";
  const auto fail = [&](ErrorKind kind, std::string_view what) {
    return Error(kind, fmt::format("{} {}; its log: {}", program, what, options.log_path));
  };
  if (ended.stopped_by == ChildResult::StoppedBy::request) {
    throw fail(ErrorKind::cancelled, "was stopped");
  }
  if (ended.stopped_by == ChildResult::StoppedBy::time_limit) {
    throw fail(ErrorKind::timed_out,
               fmt::format("was stopped after {} s", options.time_limit.count()));
  }
  if (!ended.succeeded()) {
    const auto* entry =
        ended.end == ChildResult::End::exited ? find_error_kind(ended.exit_code) : nullptr;
    throw fail(entry != nullptr ? entry->kind : ErrorKind::internal, why_it_failed(ended));
  }
  try {
    return parse_staging_check(Json::parse(ended.output));
  } catch (const Error& error) {
    throw fail(ErrorKind::internal, "gave an answer that cannot be understood").caused_by(error);
  }
}

}  // namespace pipeline
