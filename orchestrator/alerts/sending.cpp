#include "orchestrator/alerts/sending.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/stage/secrets.h"

namespace pipeline {

Sending::Sending(SendingOptions options, std::stop_token stop)
    : options_(std::move(options)),
      stop_(std::move(stop)),
      deadline_(std::chrono::steady_clock::now() + options_.time_limit) {}

std::chrono::milliseconds Sending::left() const {
  const auto rest =
      std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
  return std::max(rest, std::chrono::milliseconds(0));
}

void Sending::check() const {
  if (stop_.stop_requested()) {
    throw Error(ErrorKind::cancelled, "stopped before the alert was sent");
  }
  if (left().count() > 0) return;
  throw Error(ErrorKind::timed_out,
              fmt::format("it took longer than {} s{}", options_.time_limit.count() / 1000,
                          last_failure_.empty() ? "" : "; the last attempt: " + last_failure_));
}

void Sending::will_retry(const std::string& why) {
  last_failure_ = why;
  note("trying again: " + why);
}

void Sending::note(std::string_view line) const {
  if (options_.log_path.empty()) return;
  const UniqueFd file(
      ::open(options_.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  const std::string text = fmt::format("{} {}\n", format_utc(options_.clock->now()), redact(line));
  // A log that cannot be written must not keep an alert back; the history has what matters.
  static_cast<void>(::write(file.get(), text.data(), text.size()) >= 0);
}

Secret Sending::fetch(const SecretReference& reference, std::string_view user) {
  if (reference.source != SecretReference::Source::secretsmanager) return resolve_secret(reference);
  const auto login = aws().secret_login(reference.name, "");
  if (!login) {
    throw Error(ErrorKind::access_denied,
                fmt::format("{}: {} has no current version", reference.where, reference.text()));
  }
  if (!user.empty() && !login->user.empty() && login->user != user) {
    throw Error(ErrorKind::access_denied,
                fmt::format("{}: {} holds the login of {}, not of {}", reference.where,
                            reference.text(), login->user, user));
  }
  return login->password;
}

PipelineAws& Sending::aws() {
  if (!aws_) {
    aws_ = std::make_unique<PipelineAws>(
        options_.config,
        PipelineAwsOptions{.check_cancelled = [this] { check(); },
                           .stop = stop_,
                           .process_limit = left(),
                           .retry = alert_retry,
                           .will_retry = [this](const std::string& why) { will_retry(why); },
                           .left = [this] { return left(); }});
  }
  return *aws_;
}

}  // namespace pipeline
