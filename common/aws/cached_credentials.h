// Keeps credentials until shortly before they expire, and lets one thread at a time bring new ones.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

#include "common/aws/credentials.h"
#include "common/base/clock.h"

namespace pipeline::aws {

/// Thread-safe. From five minutes before the expiry the first caller fetches new ones while the
/// others go on with the old ones; without usable ones they wait for it. A refresh that fails is no
/// failure while the old ones last: it is logged, and tried again after half a minute. Credentials
/// that are given out with less than five minutes left are asked for every half minute.
class CachedCredentials : public CredentialsSource {
 public:
  CachedCredentials(std::shared_ptr<CredentialsSource> source, Clock& clock);

  Credentials fetch() override;
  /// Asks the source, unless another thread has brought newer ones since `refused` was given out.
  Credentials renew(const Credentials& refused) override;
  std::string text() const override { return source_->text(); }

 private:
  enum class Refresh { none, under_way };
  /// Called and left with `lock` held; the source is asked without it.
  Credentials refresh(std::unique_lock<std::mutex>& lock, const Credentials* refused);
  bool is_fresh(const Credentials& credentials) const;
  bool is_usable(const Credentials& credentials) const;

  std::shared_ptr<CredentialsSource> source_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable refreshed_;
  std::optional<Credentials> held_;
  Refresh refresh_ = Refresh::none;
  Instant not_before_{};  // of the next try, after one that brought nothing fresh
};

}  // namespace pipeline::aws
