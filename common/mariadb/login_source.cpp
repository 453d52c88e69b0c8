#include "common/mariadb/login_source.h"

#include <algorithm>

namespace pipeline {
namespace {

constexpr std::chrono::seconds pause_after_a_round_in_vain{60};

}  // namespace

bool Login::operator==(const Login& other) const {
  return user == other.user && password.reveal() == other.password.reveal();
}

LoginSource::LoginSource(Place place, Clock& clock) : place_(std::move(place)), clock_(clock) {}

Login LoginSource::current() {
  const std::lock_guard lock(mutex_);
  if (end_in_vain_) {
    if (clock_.now() < nobody_until_) throw Error(*end_in_vain_);
    end_in_vain_.reset();
    held_.reset();  // somebody may have put it right
  }
  if (!held_) held_ = place_.first();
  return *held_;
}

Login LoginSource::after_refusal(const Login& refused, const Error& refusal) {
  const std::lock_guard lock(mutex_);
  if (end_in_vain_) throw Error(*end_in_vain_);
  if (held_ && !(*held_ == refused)) return *held_;  // somebody was refused before and went on
  tried_.push_back(refused);
  try {
    if (auto next = next_candidate()) {
      held_ = next;
      return *std::move(next);
    }
    Error in_vain = refusal;
    for (const auto& error : passed_over_) in_vain = Error(in_vain).caused_by(error);
    end_in_vain_ = std::move(in_vain);
  } catch (const Error& error) {
    end_in_vain_ = Error(error).caused_by(refusal);
  }
  nobody_until_ = clock_.now() + pause_after_a_round_in_vain;
  end_round();
  throw Error(*end_in_vain_);
}

std::optional<Login> LoginSource::next_candidate() {
  while (readings_ < place_.again.size()) {
    const Reading& read = place_.again[readings_++];
    try {
      auto next = read();
      if (!next) continue;
      found_ = Found::a_login;
      if (std::ranges::find(tried_, *next) == tried_.end()) return next;
    } catch (const Error& error) {
      if (found_ == Found::nothing || error.kind() == ErrorKind::cancelled) throw;
      passed_over_.push_back(error);
    }
  }
  return {};
}

void LoginSource::accepted(const Login& taken) {
  const std::lock_guard lock(mutex_);
  // A session that was opened with an older login says nothing about the one that is tried now.
  if (held_ && *held_ == taken) end_round();
}

void LoginSource::end_round() {
  readings_ = 0;
  found_ = Found::nothing;
  tried_.clear();
  passed_over_.clear();
}

}  // namespace pipeline
