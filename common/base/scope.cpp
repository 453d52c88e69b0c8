#include "common/base/scope.h"

namespace pipeline {
namespace {

Scope::Pairs& stack() {
  thread_local Scope::Pairs pairs;
  return pairs;
}

}  // namespace

Scope::Scope(std::string_view key, std::string_view value) {
  stack().emplace_back(key, value);
}

Scope::~Scope() {
  stack().pop_back();
}

const Scope::Pairs& Scope::current() {
  return stack();
}

void Scope::adopt(Pairs pairs) {
  stack() = std::move(pairs);
}

}  // namespace pipeline
