#include "common/base/error.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include "common/base/scope.h"

namespace pipeline {

Error::Error(ErrorKind kind, std::string message)
    : kind_(kind), message_(std::move(message)), context_(Scope::current()) {
  render();
}

std::string_view Error::context_value(std::string_view key) const {
  // The innermost pair wins: the one added last says most about the place of the failure.
  for (auto pair = context_.rbegin(); pair != context_.rend(); ++pair) {
    if (pair->first == key) return pair->second;
  }
  return {};
}

Error&& Error::with(std::string_view key, std::string value) && {
  // What a scope said already is not said twice.
  if (context_value(key) == value) return std::move(*this);
  context_.emplace_back(key, std::move(value));
  render();
  return std::move(*this);
}

Error&& Error::caused_by(const std::exception& cause) && {
  if (const auto* error = dynamic_cast<const Error*>(&cause)) {
    causes_.push_back(error->message_);
    causes_.insert(causes_.end(), error->causes_.begin(), error->causes_.end());
    for (const auto& pair : error->context_) {
      if (context_value(pair.first) != pair.second) context_.push_back(pair);
    }
  } else {
    causes_.emplace_back(cause.what());
  }
  render();
  return std::move(*this);
}

void Error::render() {
  what_ = message_;
  for (const auto& cause : causes_) what_ += ": " + cause;
  for (const auto& [key, value] : context_) what_ += " [" + key + "=" + value + "]";
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resource_exhausted, "out of memory");
  } catch (const std::exception& error) {
    return Error(ErrorKind::internal, error.what());
  } catch (...) {
    return Error(ErrorKind::internal, "an exception of unknown type");
  }
}

void require(bool condition, std::string_view what_must_hold, const char* file, int line) {
  if (condition) return;
  std::fprintf(stderr, "%s:%d: must hold: %.*s\n", file, line,
               static_cast<int>(what_must_hold.size()), what_must_hold.data());
  std::abort();
}

}  // namespace pipeline
