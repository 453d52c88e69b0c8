#include "stages/transform/project/dbt_version.h"

#include <array>
#include <charconv>
#include <compare>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

using Numbers = std::array<int, 3>;

[[noreturn]] void refuse(std::string_view text) {
  throw Error(ErrorKind::config_invalid,
              fmt::format("\"{}\" is no version such as >=1.0.0 or <2.0.0", text));
}

/// A name behind the numbers (1.7.0-rc1) counts as the version itself.
Numbers numbers_in(std::string_view text) {
  Numbers numbers{};
  const auto pieces = split(text.substr(0, text.find('-')), '.');
  if (pieces.size() > numbers.size()) refuse(text);
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    const std::string& piece = pieces[at];
    const auto [end, problem] =
        std::from_chars(piece.data(), piece.data() + piece.size(), numbers[at]);
    if (problem != std::errc{} || end != piece.data() + piece.size()) refuse(text);
  }
  return numbers;
}

bool satisfies(const Numbers& version, std::string_view wanted) {
  const std::size_t digits = wanted.find_first_not_of("<>=");
  if (digits == std::string_view::npos) refuse(wanted);
  const std::string_view sign = wanted.substr(0, digits);
  const auto order = version <=> numbers_in(trim(wanted.substr(digits)));
  if (sign == ">=") return order >= 0;
  if (sign == ">") return order > 0;
  if (sign == "<=") return order <= 0;
  if (sign == "<") return order < 0;
  if (sign.empty() || sign == "=") return order == 0;
  refuse(wanted);
}

}  // namespace

bool is_version_wanted(std::string_view version, const std::vector<std::string>& wanted) {
  const Numbers numbers = numbers_in(version);
  for (const auto& text : wanted) {
    for (const auto& one : split(text, ',')) {
      if (!satisfies(numbers, trim(one))) return false;
    }
  }
  return true;
}

}  // namespace pipeline::dbt
