// Split brain: a pipeline whose configuration, tunnel or DNS name leads to another database than
// yesterday loads, tests and publishes there without a single error, and readers see old data. So
// the warehouse carries a random fingerprint (pipeline.target, made once by
// deploy/sql/pipeline.sql), this host keeps the one that it met first, and every session of every
// account is asked for it, those that are opened in the middle of a run too.
//
// A copy of the whole server (a snapshot that was restored, a replica) carries the same
// fingerprint. That readers see what was published there is told by warehouse.consumers_endpoint.
#include "stages/warehouse/target.h"

#include <filesystem>
#include <memory>
#include <mutex>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/io/file.h"
#include "common/mariadb/server_errors.h"

namespace pipeline {
namespace {

std::string written_down(const KnownTarget& target) {
  Json json = Json::object();
  json.set("fingerprint", target.fingerprint);
  json.set("server", target.server);
  return json.dump(Json::Style::indented) + "\n";
}

void record(const PipelineConfig& config, const KnownTarget& target) {
  std::error_code error;
  std::filesystem::create_directories(config.orchestrator.state_dir, error);
  if (error) {
    throw file_error(error.value(), "cannot make the state directory",
                     config.orchestrator.state_dir);
  }
  const std::string path = target_path(config);
  replace_file(path, written_down(target));
  // It is no secret, and an administrator may be the first who meets the server.
  using std::filesystem::perms;
  std::filesystem::permissions(path, perms::group_read | perms::others_read,
                               std::filesystem::perm_options::add, error);
}

/// A stage alone may run where nothing can be kept; then nothing is known the next time either.
void record_if_possible(const PipelineConfig& config, const KnownTarget& target) {
  try {
    record(config, target);
    log::info("from now on this pipeline writes to the warehouse {} at {} alone ({})",
              target.fingerprint, target.server, target.origin);
  } catch (const Error& error) {
    log::warn(
        "which warehouse is written cannot be kept ({}); warehouse.fingerprint: {} in {} "
        "makes sure of it",
        error.message(), target.fingerprint, config.path);
  }
}

std::string met_at(const KnownTarget& target) {
  return target.server.empty() ? target.origin
                               : fmt::format("{}, {}", target.server, target.origin);
}

[[noreturn]] void refuse(Connection& session, const KnownTarget& known, const Fingerprint& found) {
  const bool there = found.is == Fingerprint::Is::there;
  throw Error(
      ErrorKind::wrong_database,
      fmt::format("{} is another warehouse ({}) than the one of this pipeline ({}; {}){}; "
                  "nothing was changed there. If the pipeline has moved: staging_loader "
                  "init --accept-target",
                  session.options().endpoint.text(), there ? found.text : "it has no fingerprint",
                  known.fingerprint, met_at(known),
                  there ? "" : ", or deploy/sql/pipeline.sql was not applied there"));
}

/// One for all sessions that are opened with it.
class TargetCheck {
 public:
  explicit TargetCheck(PipelineConfig config) : config_(std::move(config)) {}

  void operator()(Connection& session) {
    using Is = Fingerprint::Is;
    const Fingerprint found = fingerprint_of(session);
    if (found.is == Is::hidden) return;
    const std::lock_guard lock(mutex_);
    if (!is_read_) known_ = known_target(config_);
    is_read_ = true;
    const std::string there = session.options().endpoint.text();
    if (known_ && found.is == Is::there && found.text == known_->fingerprint) return;
    if (found.is == Is::absent && (!known_ || known_->server == there)) return;
    if (known_) refuse(session, *known_, found);
    known_ = {.fingerprint = found.text, .server = there, .origin = target_path(config_)};
    record_if_possible(config_, *known_);
  }

 private:
  PipelineConfig config_;
  std::mutex mutex_;
  bool is_read_ = false;
  std::optional<KnownTarget> known_;
};

}  // namespace

std::string target_path(const PipelineConfig& config) {
  return config.orchestrator.state_dir + "/target.json";
}

std::optional<KnownTarget> known_target(const PipelineConfig& config) {
  if (!config.warehouse.fingerprint.empty()) {
    return KnownTarget{.fingerprint = config.warehouse.fingerprint,
                       .server = "",
                       .origin = config.path + ", warehouse.fingerprint"};
  }
  const std::string path = target_path(config);
  const auto text = read_file_if_present(path);
  if (!text) return std::nullopt;
  try {
    const Json json = Json::parse(*text);
    return KnownTarget{.fingerprint = json.at("fingerprint").as_string(),
                       .server = json.at("server").as_string(),
                       .origin = path};
  } catch (const Error& error) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} does not tell which warehouse is written ({}); staging_loader init "
                            "--accept-target writes it anew",
                            path, error.message()));
  }
}

Fingerprint fingerprint_of(Connection& session) {
  using Is = Fingerprint::Is;
  try {
    auto found = session.query_value("SELECT fingerprint FROM pipeline.target");
    if (!found) return {.is = Is::absent, .text = {}};
    return {.is = Is::there, .text = std::move(*found)};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::access_denied) return {.is = Is::hidden, .text = {}};
    const bool none = error.kind() == ErrorKind::sql_rejected ||  // no such table
                      error.kind() == ErrorKind::wrong_database;  // no such schema
    if (!none) throw;
    return {.is = Is::absent, .text = {}};
  }
}

std::function<void(Connection&)> require_known_target(const PipelineConfig& config) {
  const auto check = std::make_shared<TargetCheck>(config);
  return [check](Connection& session) { (*check)(session); };
}

KnownTarget accept_target(const PipelineConfig& config, Connection& session) {
  const Fingerprint found = fingerprint_of(session);
  const std::string there = session.options().endpoint.text();
  if (found.is != Fingerprint::Is::there) {
    throw Error(ErrorKind::wrong_database,
                fmt::format("{} has no fingerprint to accept; apply deploy/sql/pipeline.sql, then "
                            "deploy/sql/grants.sql",
                            there));
  }
  if (!config.warehouse.fingerprint.empty() && config.warehouse.fingerprint != found.text) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is the warehouse {}, and {} names {} as warehouse.fingerprint; "
                            "change it there",
                            there, found.text, config.path, config.warehouse.fingerprint));
  }
  KnownTarget target{.fingerprint = found.text, .server = there, .origin = target_path(config)};
  record(config, target);
  return target;
}

}  // namespace pipeline
