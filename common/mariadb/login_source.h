// Who logs in: a login that may be changed while a run is under way, read again once the server
// refuses it.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/secret.h"

namespace pipeline {

struct Login {
  std::string user;
  Secret password;
  std::string origin;  // "file /etc/x": said when a login fails

  /// Of user and password alone.
  bool operator==(const Login& other) const;
};

/// Shared by all who open sessions of one account; thread-safe. However many of them are refused,
/// the place is read again once for all, each login found there is tried once by each of them, and
/// after a round in vain nobody logs in for a minute: servers lock accounts that fail too often.
class LoginSource {
 public:
  struct Place {
    /// The login to begin with; may throw.
    std::function<Login()> first;
    /// What lies there now, the likeliest first; asked after a refusal; may throw.
    std::function<std::vector<Login>()> again;
  };
  LoginSource(Place place, Clock& clock);

  /// What to log in with. Throws what the reading threw, and for a minute after a round in vain the
  /// refusal that ended it.
  Login current();
  /// Another login, after the server refused `refused`; nullopt if there is none. Throws what the
  /// reading threw.
  std::optional<Login> after_refusal(const Login& refused);
  /// The round is over: the server took `taken`.
  void accepted(const Login& taken);
  /// The round is over in vain: `refusal` is what current() throws for a minute.
  void gave_up(const Error& refusal);

 private:
  std::optional<Login> next_candidate();

  Place place_;
  Clock& clock_;
  std::mutex mutex_;
  std::optional<Login> held_;
  enum class Round { none, under_way } round_ = Round::none;
  std::vector<Login> candidates_;  // of the round, the next one last
  std::vector<Login> tried_;       // in the round
  std::optional<Error> refusal_;
  std::chrono::system_clock::time_point refused_until_{};
};

}  // namespace pipeline
