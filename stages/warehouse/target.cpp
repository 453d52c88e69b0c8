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
  replace_file(target_path(config), written_down(target));
}

std::string met_at(const KnownTarget& target) {
  return target.server.empty() ? target.origin
                               : fmt::format("{}, {}", target.server, target.origin);
}

[[noreturn]] void refuse(Connection& session, const KnownTarget& known,
                         const std::optional<std::string>& found) {
  const std::string& there = session.options().endpoint.text();
  throw Error(ErrorKind::wrong_database,
              fmt::format("{} is another warehouse ({}) than the one of this pipeline ({}; {}); "
                          "nothing was changed there. If the pipeline has moved: staging_loader "
                          "init --accept-target",
                          there, found ? *found : "it has no fingerprint", known.fingerprint,
                          met_at(known)));
}

/// One for all sessions that are opened with it.
class TargetCheck {
 public:
  explicit TargetCheck(const PipelineConfig& config)
      : config_(config), known_(known_target(config)) {}

  void operator()(Connection& session) {
    const auto found = fingerprint_of(session);
    const std::lock_guard lock(mutex_);
    if (known_ && found == known_->fingerprint) return;
    // At the place where it was met, records or rights are missing now; those who need them say so.
    if (!found && (!known_ || known_->server == session.options().endpoint.text())) return;
    if (known_) refuse(session, *known_, found);
    known_ = {.fingerprint = *found,
              .server = session.options().endpoint.text(),
              .origin = target_path(config_)};
    record(config_, *known_);
    log::info("from now on this pipeline writes to the warehouse {} at {} alone ({})",
              known_->fingerprint, known_->server, known_->origin);
  }

 private:
  PipelineConfig config_;
  std::mutex mutex_;
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

std::optional<std::string> fingerprint_of(Connection& session) {
  try {
    return session.query_value("SELECT fingerprint FROM pipeline.target");
  } catch (const Error& error) {
    const bool none = error.kind() == ErrorKind::sql_rejected ||
                      error.kind() == ErrorKind::wrong_database ||
                      error.kind() == ErrorKind::access_denied;
    if (!none) throw;
    return std::nullopt;
  }
}

std::function<void(Connection&)> require_known_target(const PipelineConfig& config) {
  const auto check = std::make_shared<TargetCheck>(config);
  return [check](Connection& session) { (*check)(session); };
}

KnownTarget accept_target(const PipelineConfig& config, Connection& session) {
  const auto found = fingerprint_of(session);
  const std::string there = session.options().endpoint.text();
  if (!found) {
    throw Error(ErrorKind::wrong_database,
                fmt::format("{} has no fingerprint to accept; apply deploy/sql/pipeline.sql, then "
                            "deploy/sql/grants.sql",
                            there));
  }
  if (!config.warehouse.fingerprint.empty() && config.warehouse.fingerprint != *found) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is the warehouse {}, and {} names {} as warehouse.fingerprint; "
                            "change it there",
                            there, *found, config.path, config.warehouse.fingerprint));
  }
  KnownTarget target{.fingerprint = *found, .server = there, .origin = target_path(config)};
  record(config, target);
  return target;
}

}  // namespace pipeline
