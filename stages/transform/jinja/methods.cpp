#include "stages/transform/jinja/methods.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/error.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/python_text.h"
#include "stages/transform/jinja/text_format.h"

namespace pipeline::jinja {

namespace {

using python::Side;

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

void no_arguments(std::string_view name, const Arguments& arguments) {
  static_cast<void>(Bound(name, arguments, {}));
}

// --- str

template <std::string (*change)(std::string_view)>
Value str_changed(const Value& self, const Arguments& arguments) {
  no_arguments("str method", arguments);
  return change(self.as_string());
}

std::string title(std::string_view text) {
  std::string result;
  bool in_word = false;
  while (!text.empty()) {
    const char32_t character = python::take_character(text);
    python::append_character(result,
                             in_word ? python::to_lower(character) : python::to_upper(character));
    in_word = python::is_alphabetic(character);
  }
  return result;
}

std::string swapcase(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const char32_t character = python::take_character(text);
    python::append_character(result, python::is_upper(character) ? python::to_lower(character)
                                                                 : python::to_upper(character));
  }
  return result;
}

template <Side side>
Value str_strip(const Value& self, const Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"});
  const Value set = bound.value_or("chars", {});
  if (set.is_none()) return python::strip(self.as_string(), side);
  if (set.as_string().empty()) return self;
  return python::strip(self.as_string(), side, set.as_string());
}

void limit_splits(std::vector<std::string_view>& pieces, std::string_view text,
                  std::int64_t splits_max, Side keep) {
  if (splits_max < 0 || pieces.size() <= static_cast<std::size_t>(splits_max) + 1) return;
  const auto splits = static_cast<std::ptrdiff_t>(splits_max);
  if (keep == Side::left) {
    const char* begin = pieces[static_cast<std::size_t>(splits)].data();
    const auto offset = static_cast<std::size_t>(begin - text.data());
    pieces.erase(pieces.begin() + splits, pieces.end());
    pieces.push_back(text.substr(offset));
    return;
  }
  const std::string_view last_joined = pieces[pieces.size() - static_cast<std::size_t>(splits) - 1];
  const auto size = static_cast<std::size_t>(last_joined.data() - text.data()) + last_joined.size();
  pieces.erase(pieces.begin(), pieces.end() - splits);
  pieces.insert(pieces.begin(), text.substr(0, size));
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::string_view rest = python::strip(text, Side::left);
  while (!rest.empty()) {
    std::string_view after = rest;
    std::size_t size = 0;
    while (!after.empty()) {
      size = rest.size() - after.size();
      std::string_view probe = after;
      if (python::is_space(python::take_character(probe))) break;
      after = probe;
      size = rest.size() - after.size();
    }
    pieces.push_back(rest.substr(0, size));
    rest = python::strip(rest.substr(size), Side::left);
  }
  return pieces;
}

std::vector<std::string_view> pieces_between(std::string_view text, std::string_view separator) {
  if (separator.empty()) fail("split() with an empty separator");
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  for (std::size_t at = text.find(separator); at != std::string_view::npos;
       at = text.find(separator, begin)) {
    pieces.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

Value list_of(const std::vector<std::string_view>& pieces) {
  List items;
  for (const std::string_view piece : pieces) items.emplace_back(piece);
  return Value::list(std::move(items));
}

template <Side from>
Value str_split(const Value& self, const Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const Value separator = bound.value_or("sep", {});
  const std::string& text = self.as_string();
  auto pieces = separator.is_none() ? words(text) : pieces_between(text, separator.as_string());
  limit_splits(pieces, text, bound.integer_or("maxsplit", -1), from);
  return list_of(pieces);
}

Value str_splitlines(const Value& self, const Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  const bool keep = bound.boolean_or("keepends", false);
  std::string_view text = self.as_string();
  List lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::size_t next = end == text.size() ? end : end + 1;
    if (next < text.size() && text[end] == '\r' && text[next] == '\n') ++next;
    lines.emplace_back(text.substr(0, keep ? next : end));
    text.remove_prefix(next);
  }
  return Value::list(std::move(lines));
}

Value str_join(const Value& self, const Arguments& arguments) {
  const Bound bound("join", arguments, {"iterable"});
  std::string text;
  bool first = true;
  for (const Value& item : iterate(bound.value("iterable"))) {
    if (!item.is_string()) {
      fail(fmt::format("join() needs strings, but an item is of type {}", item.type_name()));
    }
    if (!first) text += self.as_string();
    text += item.as_string();
    check_size(text.size());
    first = false;
  }
  return text;
}

Value str_replace(const Value& self, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  const std::string& old_text = bound.string("old");
  const std::string& new_text = bound.string("new");
  std::int64_t left = bound.integer_or("count", -1);
  const std::string_view text = self.as_string();
  std::string result;
  if (old_text.empty()) {
    for (const std::string_view character : python::characters(text)) {
      if (left-- != 0) result += new_text;
      if (left < -1) left = -1;
      result += character;
    }
    if (left != 0) result += new_text;
    return result;
  }
  std::size_t begin = 0;
  for (std::size_t at = text.find(old_text); at != std::string_view::npos && left != 0;
       at = text.find(old_text, begin), --left) {
    result += text.substr(begin, at - begin);
    result += new_text;
    check_size(result.size());
    begin = at + old_text.size();
  }
  result += text.substr(begin);
  return result;
}

enum class End { start, finish };

bool matches_end(std::string_view text, std::string_view part, End end) {
  if (part.size() > text.size()) return false;
  return end == End::start ? text.substr(0, part.size()) == part
                           : text.substr(text.size() - part.size()) == part;
}

template <End end>
Value str_matches_end(const Value& self, const Arguments& arguments) {
  const Bound bound(end == End::start ? "startswith" : "endswith", arguments, {"prefix"});
  const Value& part = bound.value("prefix");
  if (!part.is_tuple()) return matches_end(self.as_string(), bound.string("prefix"), end);
  const List& parts = part.as_items();
  return std::any_of(parts.begin(), parts.end(), [&](const Value& one) {
    return matches_end(self.as_string(), one.as_string(), end);
  });
}

template <End end>
Value str_without_end(const Value& self, const Arguments& arguments) {
  const Bound bound(end == End::start ? "removeprefix" : "removesuffix", arguments, {"part"});
  const std::string_view text = self.as_string();
  const std::string& part = bound.string("part");
  if (!matches_end(text, part, end)) return self;
  return end == End::start ? text.substr(part.size()) : text.substr(0, text.size() - part.size());
}

template <End from>
Value str_find(const Value& self, const Arguments& arguments) {
  const Bound bound("find", arguments, {"sub"});
  const std::string_view text = self.as_string();
  const std::size_t at =
      from == End::start ? text.find(bound.string("sub")) : text.rfind(bound.string("sub"));
  if (at == std::string_view::npos) return -1;
  return python::length(text.substr(0, at));
}

Value str_index(const Value& self, const Arguments& arguments) {
  Value found = str_find<End::start>(self, arguments);
  if (found.as_int() < 0) fail("index(): the text was not found");
  return found;
}

Value str_count(const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"sub"});
  const std::string& part = bound.string("sub");
  if (part.empty()) return python::length(self.as_string()) + 1;
  return static_cast<std::int64_t>(pieces_between(self.as_string(), part).size()) - 1;
}

Value str_format(const Value& self, const Arguments& arguments) {
  return brace_format(self.as_string(), arguments);
}

template <typename Fits>
bool all_characters(std::string_view text, Fits fits) {
  if (text.empty()) return false;
  while (!text.empty()) {
    if (!fits(python::take_character(text))) return false;
  }
  return true;
}

bool is_alphanumeric(char32_t character) {
  return python::is_digit(character) || python::is_alphabetic(character);
}

template <bool (*fits)(char32_t)>
Value str_all(const Value& self, const Arguments& arguments) {
  no_arguments("str method", arguments);
  return all_characters(self.as_string(), fits);
}

// At least one cased character, and none of the other case.
template <bool (*wanted)(char32_t), bool (*other)(char32_t)>
Value str_cased(const Value& self, const Arguments& arguments) {
  no_arguments("str method", arguments);
  std::string_view text = self.as_string();
  bool found = false;
  while (!text.empty()) {
    const char32_t character = python::take_character(text);
    if (other(character)) return false;
    found = found || wanted(character);
  }
  return found;
}

// Spaces (or another character) that bring the text to the width: left, then right of it.
std::pair<std::int64_t, std::int64_t> padding(const Value& self, std::int64_t width, char align) {
  const std::int64_t missing = width - python::length(self.as_string());
  if (missing <= 0) return {0, 0};
  check_size(static_cast<std::size_t>(missing));
  if (align == '<') return {0, missing};
  if (align == '>') return {missing, 0};
  // Python puts the odd character to the left if the width is odd.
  const std::int64_t left = missing / 2 + (missing & width & 1);
  return {left, missing - left};
}

template <char align>
Value str_justify(const Value& self, const Arguments& arguments) {
  const Bound bound(align == '^' ? "center" : "ljust", arguments, {"width", "fillchar"});
  const auto [left, right] = padding(self, bound.integer("width"), align);
  const std::string fill = bound.string_or("fillchar", " ");
  std::string text;
  for (std::int64_t at = 0; at < left; ++at) text += fill;
  text += self.as_string();
  for (std::int64_t at = 0; at < right; ++at) text += fill;
  return text;
}

Value str_zfill(const Value& self, const Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"});
  const std::int64_t missing = padding(self, bound.integer("width"), '>').first;
  std::string text = self.as_string();
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  text.insert(has_sign ? 1 : 0, static_cast<std::size_t>(missing), '0');
  return text;
}

template <End from>
Value str_partition(const Value& self, const Arguments& arguments) {
  const Bound bound("partition", arguments, {"sep"});
  const std::string_view text = self.as_string();
  const std::string& separator = bound.string("sep");
  const std::size_t at = from == End::start ? text.find(separator) : text.rfind(separator);
  if (at == std::string_view::npos) {
    if (from == End::start) return Value::tuple({text, "", ""});
    return Value::tuple({"", "", text});
  }
  return Value::tuple({text.substr(0, at), separator, text.substr(at + separator.size())});
}

// --- list and tuple

Value list_append(const Value& self, const Arguments& arguments) {
  List& list = self.as_list();
  check_size((list.size() + 1) * item_bytes);
  list.push_back(Bound("append", arguments, {"object"}).value("object"));
  return {};
}

Value list_extend(const Value& self, const Arguments& arguments) {
  const List items = iterate(Bound("extend", arguments, {"iterable"}).value("iterable"));
  List& list = self.as_list();
  check_size((list.size() + items.size()) * item_bytes);
  list.insert(list.end(), items.begin(), items.end());
  return {};
}

Value list_insert(const Value& self, const Arguments& arguments) {
  const Bound bound("insert", arguments, {"index", "object"});
  List& list = self.as_list();
  const auto size = static_cast<std::int64_t>(list.size());
  std::int64_t at = bound.integer("index");
  if (at < 0) at = std::max<std::int64_t>(at + size, 0);
  at = std::min(at, size);
  list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), bound.value("object"));
  return {};
}

Value list_pop(const Value& self, const Arguments& arguments) {
  const Bound bound("pop", arguments, {"index"});
  List& list = self.as_list();
  const auto size = static_cast<std::int64_t>(list.size());
  std::int64_t at = bound.integer_or("index", -1);
  if (at < 0) at += size;
  if (at < 0 || at >= size) fail(size == 0 ? "pop() of an empty list" : "pop(): no such index");
  Value value = list[static_cast<std::size_t>(at)];
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
  return value;
}

Value list_remove(const Value& self, const Arguments& arguments) {
  const Bound bound("remove", arguments, {"value"});
  List& list = self.as_list();
  const auto place = std::find(list.begin(), list.end(), bound.value("value"));
  if (place == list.end()) fail("remove(): the value is not in the list");
  list.erase(place);
  return {};
}

Value items_index(const Value& self, const Arguments& arguments) {
  const Bound bound("index", arguments, {"value"});
  const List& items = self.as_items();
  const auto place = std::find(items.begin(), items.end(), bound.value("value"));
  if (place == items.end()) {
    fail(fmt::format("index(): the value is not in the {}", self.type_name()));
  }
  return place - items.begin();
}

Value items_count(const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"value"});
  const List& items = self.as_items();
  return std::count(items.begin(), items.end(), bound.value("value"));
}

Value list_copy(const Value& self, const Arguments& arguments) {
  no_arguments("copy", arguments);
  return Value::list(self.as_list());
}

Value list_reverse(const Value& self, const Arguments& arguments) {
  no_arguments("reverse", arguments);
  std::reverse(self.as_list().begin(), self.as_list().end());
  return {};
}

Value list_clear(const Value& self, const Arguments& arguments) {
  no_arguments("clear", arguments);
  self.as_list().clear();
  return {};
}

Value list_sort(const Value& self, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse"});
  const bool reverse = bound.boolean_or("reverse", false);
  // Sorts a copy: a comparison that fails in the middle must not leave half a list.
  List sorted = self.as_list();
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Value& left, const Value& right) {
    return reverse ? less(right, left) : less(left, right);
  });
  self.as_list() = std::move(sorted);
  return {};
}

// --- dict

Value dict_get(const Value& self, const Arguments& arguments) {
  const Bound bound("get", arguments, {"key", "default"});
  return self.as_dict().get(bound.value("key"), bound.value_or("default", {}));
}

Value dict_items(const Value& self, const Arguments& arguments) {
  no_arguments("items", arguments);
  List items;
  for (const auto& [key, value] : self.as_dict()) items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}

Value dict_keys(const Value& self, const Arguments& arguments) {
  no_arguments("keys", arguments);
  return Value::list(iterate(self));
}

Value dict_values(const Value& self, const Arguments& arguments) {
  no_arguments("values", arguments);
  List values;
  for (const auto& entry : self.as_dict()) values.push_back(entry.second);
  return Value::list(std::move(values));
}

Value dict_update(const Value& self, const Arguments& arguments) {
  if (arguments.positional.size() > 1) fail("update() takes at most one positional argument");
  Dict& dict = self.as_dict();
  if (!arguments.positional.empty()) {
    const Value& other = arguments.positional[0];
    if (other.is_dict()) {
      const Dict copy = other.as_dict();
      for (const auto& [key, value] : copy) dict.set(key, value);
    } else {
      for (const Value& pair : iterate(other)) {
        const List parts = iterate(pair);
        if (parts.size() != 2) fail("update() needs a dict or pairs");
        dict.set(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [key, value] : arguments.keyword) dict.set(key, value);
  return {};
}

Value dict_pop(const Value& self, const Arguments& arguments) {
  const Bound bound("pop", arguments, {"key", "default"});
  if (auto removed = self.as_dict().remove(bound.value("key"))) return *removed;
  if (!bound.has("default")) {
    fail(fmt::format("pop(): the dict has no key {}", bound.value("key").repr()));
  }
  return bound.value("default");
}

Value dict_setdefault(const Value& self, const Arguments& arguments) {
  const Bound bound("setdefault", arguments, {"key", "default"});
  if (const Value* found = self.as_dict().find(bound.value("key"))) return *found;
  Value fallback = bound.value_or("default", {});
  self.as_dict().set(bound.value("key"), fallback);
  return fallback;
}

Value dict_copy(const Value& self, const Arguments& arguments) {
  no_arguments("copy", arguments);
  return Value::dict(self.as_dict());
}

Value dict_clear(const Value& self, const Arguments& arguments) {
  no_arguments("clear", arguments);
  self.as_dict().clear();
  return {};
}

struct MethodEntry {
  Kind kind;
  std::string_view name;
  Method method;
};

constexpr MethodEntry method_table[] = {
    {Kind::string, "upper", str_changed<python::upper>},
    {Kind::string, "lower", str_changed<python::lower>},
    {Kind::string, "casefold", str_changed<python::lower>},
    {Kind::string, "capitalize", str_changed<python::capitalize>},
    {Kind::string, "title", str_changed<title>},
    {Kind::string, "swapcase", str_changed<swapcase>},
    {Kind::string, "strip", str_strip<Side::both>},
    {Kind::string, "lstrip", str_strip<Side::left>},
    {Kind::string, "rstrip", str_strip<Side::right>},
    {Kind::string, "split", str_split<Side::left>},
    {Kind::string, "rsplit", str_split<Side::right>},
    {Kind::string, "splitlines", str_splitlines},
    {Kind::string, "join", str_join},
    {Kind::string, "replace", str_replace},
    {Kind::string, "startswith", str_matches_end<End::start>},
    {Kind::string, "endswith", str_matches_end<End::finish>},
    {Kind::string, "removeprefix", str_without_end<End::start>},
    {Kind::string, "removesuffix", str_without_end<End::finish>},
    {Kind::string, "find", str_find<End::start>},
    {Kind::string, "rfind", str_find<End::finish>},
    {Kind::string, "index", str_index},
    {Kind::string, "count", str_count},
    {Kind::string, "format", str_format},
    {Kind::string, "isdigit", str_all<python::is_digit>},
    {Kind::string, "isdecimal", str_all<python::is_digit>},
    {Kind::string, "isnumeric", str_all<python::is_digit>},
    {Kind::string, "isalpha", str_all<python::is_alphabetic>},
    {Kind::string, "isalnum", str_all<is_alphanumeric>},
    {Kind::string, "isspace", str_all<python::is_space>},
    {Kind::string, "isupper", str_cased<python::is_upper, python::is_lower>},
    {Kind::string, "islower", str_cased<python::is_lower, python::is_upper>},
    {Kind::string, "ljust", str_justify<'<'>},
    {Kind::string, "rjust", str_justify<'>'>},
    {Kind::string, "center", str_justify<'^'>},
    {Kind::string, "zfill", str_zfill},
    {Kind::string, "partition", str_partition<End::start>},
    {Kind::string, "rpartition", str_partition<End::finish>},
    {Kind::list, "append", list_append},
    {Kind::list, "extend", list_extend},
    {Kind::list, "insert", list_insert},
    {Kind::list, "pop", list_pop},
    {Kind::list, "remove", list_remove},
    {Kind::list, "index", items_index},
    {Kind::list, "count", items_count},
    {Kind::list, "copy", list_copy},
    {Kind::list, "reverse", list_reverse},
    {Kind::list, "sort", list_sort},
    {Kind::list, "clear", list_clear},
    {Kind::tuple, "index", items_index},
    {Kind::tuple, "count", items_count},
    {Kind::dict, "get", dict_get},
    {Kind::dict, "items", dict_items},
    {Kind::dict, "keys", dict_keys},
    {Kind::dict, "values", dict_values},
    {Kind::dict, "update", dict_update},
    {Kind::dict, "pop", dict_pop},
    {Kind::dict, "setdefault", dict_setdefault},
    {Kind::dict, "copy", dict_copy},
    {Kind::dict, "clear", dict_clear},
};

}  // namespace

Method find_method(Kind kind, std::string_view name) {
  for (const MethodEntry& entry : method_table) {
    if (entry.kind == kind && entry.name == name) return entry.method;
  }
  return nullptr;
}

}  // namespace pipeline::jinja
