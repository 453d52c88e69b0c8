#include "common/aws/cached_credentials.h"

#include "common/base/error.h"
#include "common/base/log.h"

namespace pipeline::aws {
namespace {

constexpr std::chrono::minutes refresh_before{5};
// A request that is on its way must still be in time.
constexpr std::chrono::seconds unusable_before{15};
constexpr std::chrono::seconds pause_between_tries{30};

}  // namespace

CachedCredentials::CachedCredentials(std::shared_ptr<CredentialsSource> source, Clock& clock)
    : source_(std::move(source)), clock_(clock) {}

bool CachedCredentials::is_fresh(const Credentials& credentials) const {
  return !credentials.expires_at || clock_.now() + refresh_before < *credentials.expires_at;
}

bool CachedCredentials::is_usable(const Credentials& credentials) const {
  return !credentials.expires_at || clock_.now() + unusable_before < *credentials.expires_at;
}

Credentials CachedCredentials::fetch() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (held_ && is_fresh(*held_)) return *held_;
    const bool usable = held_ && is_usable(*held_);
    if (usable && (refresh_ == Refresh::under_way || clock_.now() < not_before_)) return *held_;
    if (refresh_ == Refresh::none) break;
    refreshed_.wait(lock, [&] { return refresh_ == Refresh::none; });
  }
  try {
    return refresh(lock, nullptr);
  } catch (const Error& error) {
    if (!held_ || !is_usable(*held_) || error.kind() == ErrorKind::cancelled) throw;
    log::warn("AWS credentials could not be renewed; the old ones last until {}: {}",
              format_utc(*held_->expires_at), error.what());
    return *held_;
  }
}

Credentials CachedCredentials::renew(const Credentials& refused) {
  std::unique_lock lock(mutex_);
  refreshed_.wait(lock, [&] { return refresh_ == Refresh::none; });
  if (held_ && !(*held_ == refused)) return *held_;
  return refresh(lock, &refused);
}

Credentials CachedCredentials::refresh(std::unique_lock<std::mutex>& lock,
                                       const Credentials* refused) {
  refresh_ = Refresh::under_way;
  lock.unlock();
  std::optional<Credentials> fetched;
  std::exception_ptr failure;
  try {
    fetched = refused == nullptr ? source_->fetch() : source_->renew(*refused);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  refresh_ = Refresh::none;
  if (failure) {
    not_before_ = clock_.now() + pause_between_tries;
  } else {
    held_ = fetched;
    // Who hands out what expires within minutes is not asked with each request.
    if (!is_fresh(*held_)) not_before_ = clock_.now() + pause_between_tries;
  }
  refreshed_.notify_all();
  if (failure) std::rethrow_exception(failure);
  return *fetched;
}

}  // namespace pipeline::aws
