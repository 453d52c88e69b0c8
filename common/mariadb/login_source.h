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
  /// nullopt: there is none; may throw.
  using Reading = std::function<std::optional<Login>()>;
  struct Place {
    /// The login to begin with; may throw.
    std::function<Login()> first;
    /// Where one may lie after a refusal, the likeliest first. Each is read only if the server
    /// refused all before it. A reading that throws is passed over, except the first that says
    /// anything: what stands there is what was meant.
    std::vector<Reading> again;
  };
  LoginSource(Place place, Clock& clock);

  /// What to log in with. Throws what the reading threw, and for a minute after a round in vain
  /// what ended it.
  Login current();
  /// Another login, after the server refused `refused` with the error `refusal`. If there is none,
  /// the round is over in vain, which current() tells for a minute too: throws `refusal`, with the
  /// readings that were passed over as its causes, or what a reading threw, with `refusal` as its
  /// cause.
  Login after_refusal(const Login& refused, const Error& refusal);
  /// The round is over: the server took `taken`.
  void accepted(const Login& taken);

 private:
  std::optional<Login> next_candidate();
  void end_round();

  Place place_;
  Clock& clock_;
  std::mutex mutex_;
  std::optional<Login> held_;
  // Of the round that is under way:
  std::size_t readings_ = 0;  // made of place_.again
  enum class Found { nothing, a_login } found_ = Found::nothing;
  std::vector<Login> tried_;
  std::vector<Error> passed_over_;

  std::optional<Error> end_in_vain_;
  std::chrono::system_clock::time_point nobody_until_{};
};

}  // namespace pipeline
