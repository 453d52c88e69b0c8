#include "orchestrator/asl/intrinsics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "common/base/encoding.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "orchestrator/asl/json_path.h"

namespace pipeline::asl {
namespace {

using Arguments = std::span<const Json>;
using Random = std::function<double()>;

// Bounds of the service's guide, "Intrinsic functions".
constexpr std::size_t range_elements_max = 1'000;
constexpr std::size_t encoded_characters_max = 10'000;

[[noreturn]] void refuse(std::string why) {
  throw Error(ErrorKind::config_invalid, std::move(why));
}

std::string ordinal(std::size_t index) {
  return fmt::format("argument {}", index + 1);
}

const std::string& text_at(Arguments arguments, std::size_t index) {
  if (!arguments[index].is_string()) refuse(ordinal(index) + " must be a text");
  return arguments[index].as_string();
}

const Json::Array& list_at(Arguments arguments, std::size_t index) {
  if (!arguments[index].is_array()) refuse(ordinal(index) + " must be a list");
  return arguments[index].as_array();
}

const Json& object_at(Arguments arguments, std::size_t index) {
  if (!arguments[index].is_object()) refuse(ordinal(index) + " must be an object");
  return arguments[index];
}

// Recorded of the service: each operand is rounded by floor(x + 0.5), so -1.5 is -1 and 2.5 is 3.
std::int64_t number_at(Arguments arguments, std::size_t index) {
  const Json& argument = arguments[index];
  if (argument.is_int()) return argument.as_int();
  if (!argument.is_number()) refuse(ordinal(index) + " must be a number");
  const double rounded = std::floor(argument.as_number() + 0.5);
  if (!(std::abs(rounded) < 9e18)) refuse(ordinal(index) + " is too large");
  return static_cast<std::int64_t>(rounded);
}

std::string short_text_at(Arguments arguments, std::size_t index) {
  const std::string& text = text_at(arguments, index);
  if (text.size() > encoded_characters_max) refuse(ordinal(index) + " has over 10000 characters");
  return text;
}

// As the service's Java prints values: {Arg1=1, Arg2=[]}, texts inside without quotes.
std::string printed(const Json& value) {
  std::string text;
  if (value.is_string()) return value.as_string();
  if (value.is_array()) {
    for (const auto& element : value.as_array()) {
      text += (text.empty() ? "" : ", ") + printed(element);
    }
    return "[" + text + "]";
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, printed(member));
    }
    return "{" + text + "}";
  }
  return value.dump();
}

Json format(Arguments arguments, const Random&) {
  const std::string& pattern = text_at(arguments, 0);
  std::string text;
  std::size_t used = 1;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      if (std::string_view("'{}\\").find(pattern[at]) == std::string_view::npos) text += '\\';
      text += pattern[at];
    } else if (pattern.compare(at, 2, "{}") == 0) {
      if (used >= arguments.size()) refuse("there are more {} than arguments behind the text");
      text += printed(arguments[used++]);
      ++at;
    } else {
      text += pattern[at];
    }
  }
  if (used != arguments.size()) refuse("there are fewer {} than arguments behind the text");
  return text;
}

Json string_to_json(Arguments arguments, const Random&) {
  const std::string_view text = trim(text_at(arguments, 0));
  if (text.empty()) return {};
  if (text == "-0") return 0;
  return Json::parse(text);
}

Json json_to_string(Arguments arguments, const Random&) {
  return arguments[0].dump();
}

Json array(Arguments arguments, const Random&) {
  return Json::Array(arguments.begin(), arguments.end());
}

Json array_partition(Arguments arguments, const Random&) {
  const auto& list = list_at(arguments, 0);
  const auto size = number_at(arguments, 1);
  if (size < 1) refuse("argument 2 must be at least 1");
  Json chunks = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i % static_cast<std::size_t>(size) == 0) chunks.push_back(Json::array());
    chunks.as_array().back().push_back(list[i]);
  }
  return chunks;
}

bool holds(const Json::Array& list, const Json& value) {
  return std::ranges::any_of(list, [&](const Json& element) { return is_same(element, value); });
}

Json array_contains(Arguments arguments, const Random&) {
  return holds(list_at(arguments, 0), arguments[1]);
}

Json array_range(Arguments arguments, const Random&) {
  const auto first = number_at(arguments, 0);
  const auto last = number_at(arguments, 1);
  const auto step = number_at(arguments, 2);
  if (step == 0) refuse("argument 3 must not be 0");
  Json range = Json::array();
  for (auto at = first; step > 0 ? at <= last : at >= last;) {
    if (range.as_array().size() == range_elements_max) refuse("more than 1000 elements");
    range.push_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return range;
}

Json array_get_item(Arguments arguments, const Random&) {
  const auto& list = list_at(arguments, 0);
  const auto index = number_at(arguments, 1);
  if (index < 0 || static_cast<std::size_t>(index) >= list.size()) {
    refuse(fmt::format("the list has no element {}", index));
  }
  return list[static_cast<std::size_t>(index)];
}

Json array_length(Arguments arguments, const Random&) {
  return std::uint64_t{list_at(arguments, 0).size()};
}

Json array_unique(Arguments arguments, const Random&) {
  Json::Array unique;
  for (const auto& element : list_at(arguments, 0)) {
    if (!holds(unique, element)) unique.push_back(element);
  }
  return unique;
}

Json base64_encode(Arguments arguments, const Random&) {
  return base64(short_text_at(arguments, 0));
}

Json base64_decode(Arguments arguments, const Random&) {
  auto bytes = decode_base64(short_text_at(arguments, 0));
  if (!bytes) refuse("argument 1 is no base64");
  return *std::move(bytes);
}

Json hash(Arguments arguments, const Random&) {
  constexpr std::array<std::pair<std::string_view, Digest>, 5> algorithms{{
      {"MD5", Digest::md5},
      {"SHA-1", Digest::sha1},
      {"SHA-256", Digest::sha256},
      {"SHA-384", Digest::sha384},
      {"SHA-512", Digest::sha512},
  }};
  const std::string data =
      arguments[0].is_string() ? arguments[0].as_string() : arguments[0].dump();
  if (data.size() > encoded_characters_max) refuse("argument 1 has over 10000 characters");
  const std::string& wanted = text_at(arguments, 1);
  for (const auto& [name, digest] : algorithms) {
    if (name == wanted) return digest_hex(digest, data);
  }
  refuse("argument 2 must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512");
}

Json json_merge(Arguments arguments, const Random&) {
  if (!arguments[2].is_bool()) refuse("argument 3 must be false");
  if (arguments[2].as_bool()) refuse("the service merges shallowly only: argument 3 must be false");
  Json merged = object_at(arguments, 0);
  for (const auto& [name, value] : object_at(arguments, 1).as_object()) merged.set(name, value);
  return merged;
}

Json math_random(Arguments arguments, const Random& random) {
  const auto start = number_at(arguments, 0);
  const auto end = number_at(arguments, 1);
  std::int64_t span = 0;
  if (__builtin_sub_overflow(end, start, &span) || span < 1) {
    refuse("argument 2 must be greater than argument 1");
  }
  if (arguments.size() == 3) {
    // The same seed gives the same number; which one is nowhere said.
    std::mt19937_64 engine(static_cast<std::uint64_t>(number_at(arguments, 2)));
    return start + static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(span));
  }
  const auto drawn = static_cast<std::int64_t>(random() * static_cast<double>(span));
  return start + std::min(drawn, span - 1);
}

Json math_add(Arguments arguments, const Random&) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(number_at(arguments, 0), number_at(arguments, 1), &sum)) {
    refuse("the sum is too large");
  }
  return sum;
}

// Recorded of the service: every character of the separator splits, and empty pieces are dropped.
Json string_split(Arguments arguments, const Random&) {
  std::string_view rest = text_at(arguments, 0);
  const std::string& separators = text_at(arguments, 1);
  Json pieces = Json::array();
  while (!rest.empty()) {
    const auto length = std::min(rest.find_first_of(separators), rest.size());
    if (length > 0) pieces.push_back(rest.substr(0, length));
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return pieces;
}

Json uuid(Arguments, const Random& random) {
  std::array<unsigned char, 16> bytes{};
  for (auto& byte : bytes) byte = static_cast<unsigned char>(random() * 256.0);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);  // RFC 9562
  std::string text = hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
  return text;
}

constexpr std::array<IntrinsicFunction, 18> functions{{
    {"States.Array", 0, any_number, array},
    {"States.ArrayPartition", 2, 2, array_partition},
    {"States.ArrayContains", 2, 2, array_contains},
    {"States.ArrayRange", 3, 3, array_range},
    {"States.ArrayGetItem", 2, 2, array_get_item},
    {"States.ArrayLength", 1, 1, array_length},
    {"States.ArrayUnique", 1, 1, array_unique},
    {"States.Base64Encode", 1, 1, base64_encode},
    {"States.Base64Decode", 1, 1, base64_decode},
    {"States.Hash", 2, 2, hash},
    {"States.JsonMerge", 3, 3, json_merge},
    {"States.StringToJson", 1, 1, string_to_json},
    {"States.JsonToString", 1, 1, json_to_string},
    {"States.MathRandom", 2, 3, math_random},
    {"States.MathAdd", 2, 2, math_add},
    {"States.StringSplit", 2, 2, string_split},
    {"States.UUID", 0, 0, uuid},
    {"States.Format", 1, any_number, format},
}};

}  // namespace

std::span<const IntrinsicFunction> intrinsic_functions() {
  return functions;
}

}  // namespace pipeline::asl
