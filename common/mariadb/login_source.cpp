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
  if (refusal_) {
    if (clock_.now() < refused_until_) throw Error(*refusal_);
    refusal_.reset();
    held_.reset();  // somebody may have put it right
  }
  if (!held_) held_ = place_.first();
  return *held_;
}

std::optional<Login> LoginSource::after_refusal(const Login& refused) {
  const std::lock_guard lock(mutex_);
  if (refusal_) return {};
  if (held_ && !(*held_ == refused)) return held_;  // somebody was refused before and went on
  tried_.push_back(refused);
  if (round_ == Round::none) {
    candidates_ = place_.again();
    std::ranges::reverse(candidates_);
    round_ = Round::under_way;
  }
  auto next = next_candidate();
  if (next) held_ = next;
  return next;
}

std::optional<Login> LoginSource::next_candidate() {
  while (!candidates_.empty()) {
    Login next = std::move(candidates_.back());
    candidates_.pop_back();
    if (std::ranges::find(tried_, next) == tried_.end()) return next;
  }
  return {};
}

void LoginSource::accepted(const Login& taken) {
  const std::lock_guard lock(mutex_);
  // A session that was opened with an older login says nothing about the one that is tried now.
  if (!held_ || !(*held_ == taken)) return;
  round_ = Round::none;
  candidates_.clear();
  tried_.clear();
}

void LoginSource::gave_up(const Error& refusal) {
  const std::lock_guard lock(mutex_);
  refusal_ = refusal;
  refused_until_ = clock_.now() + pause_after_a_round_in_vain;
  round_ = Round::none;
  candidates_.clear();
  tried_.clear();
}

}  // namespace pipeline
