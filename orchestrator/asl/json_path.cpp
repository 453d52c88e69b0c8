#include "orchestrator/asl/json_path.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"

// The service reads paths with the Java library Jayway JsonPath, and people write what that library
// takes. Two of its rules surprise whoever knows JSONPath from elsewhere. A path that can match
// more than one place (a wildcard, a slice, a filter, "..", a list of names) gives a list even
// where one place or none matches; a definite path gives the value itself, and none is an error.
// And a backslash inside ['...'] only makes a quote or a backslash plain; before any other
// character it stands for itself.
//
// Evaluation goes breadth first: a list of places, replaced by what the next step takes of each.

namespace pipeline::asl {

/// A test of one element: a tree of "and", "or" and "not" over comparisons.
struct PathFilter {
  enum class Kind { both, either, negation, exists, compare };
  enum class Relation { equal, not_equal, less, less_equal, greater, greater_equal };
  /// A path, from the element (@) or from the whole document ($), or a literal.
  struct Operand {
    enum class Root { element, document, literal } root = Root::literal;
    std::vector<PathStep> steps;
    Json literal;
  };

  Kind kind = Kind::exists;
  std::vector<PathFilter> operands;  // of both, either (two) and negation (one)
  Relation relation = Relation::equal;
  Operand left;
  Operand right;
};

namespace {

constexpr std::size_t matches_max = 100'000;
constexpr std::size_t values_max = 1'000'000;  // each match is copied with all below it
constexpr int filter_depth_max = 50;

using Places = std::vector<const Json*>;

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

std::optional<double> number_of(const Json& value) {
  return value.is_number() ? std::optional(value.as_number()) : std::nullopt;
}

bool is_same_object(const Json& left, const Json& right) {
  if (left.as_object().size() != right.as_object().size()) return false;
  return std::ranges::all_of(left.as_object(), [&](const auto& member) {
    const Json* other = right.find(member.first);
    return other != nullptr && is_same(member.second, *other);
  });
}

Places take_from(const PathStep& step, const Json& value, const Json& document);

void add_descendants(const Json& value, Places& places) {
  if (places.size() > matches_max) refuse("the path matches more than 100000 values");
  places.push_back(&value);
  if (value.is_array()) {
    for (const auto& element : value.as_array()) add_descendants(element, places);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) add_descendants(member, places);
  }
}

std::size_t values_in(const Json& value) {
  std::size_t count = 1;
  if (value.is_array()) {
    for (const auto& element : value.as_array()) count += values_in(element);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) count += values_in(member);
  }
  return count;
}

Places follow(const std::vector<PathStep>& steps, const Json& start, const Json& document) {
  Places places{&start};
  for (const auto& step : steps) {
    Places next;
    for (const Json* place : places) {
      Places from{place};
      if (step.from == PathStep::From::descendants) {
        from.clear();
        add_descendants(*place, from);
      }
      for (const Json* one : from) {
        const Places taken = take_from(step, *one, document);
        next.insert(next.end(), taken.begin(), taken.end());
        if (next.size() > matches_max) refuse("the path matches more than 100000 values");
      }
    }
    places = std::move(next);
  }
  return places;
}

/// The operand's value, nullptr if its path leads nowhere. A path to more than one place counts as
/// its first.
const Json* value_of(const PathFilter::Operand& operand, const Json& element,
                     const Json& document) {
  if (operand.root == PathFilter::Operand::Root::literal) return &operand.literal;
  const Json& start = operand.root == PathFilter::Operand::Root::element ? element : document;
  const Places places = follow(operand.steps, start, document);
  return places.empty() ? nullptr : places.front();
}

/// nullopt if the two cannot be put in an order.
std::optional<int> order_of(const Json& left, const Json& right) {
  const auto a = number_of(left);
  const auto b = number_of(right);
  if (a && b) return *a < *b ? -1 : (*a > *b ? 1 : 0);
  if (left.is_string() && right.is_string()) return left.as_string().compare(right.as_string());
  return {};
}

bool holds(PathFilter::Relation relation, const Json* left, const Json* right) {
  const bool equal = left != nullptr && right != nullptr && is_same(*left, *right);
  const auto order = left != nullptr && right != nullptr ? order_of(*left, *right) : std::nullopt;
  switch (relation) {
    case PathFilter::Relation::equal:
      return equal;
    case PathFilter::Relation::not_equal:
      return !equal;
    case PathFilter::Relation::less:
      return order && *order < 0;
    case PathFilter::Relation::less_equal:
      return order && *order <= 0;
    case PathFilter::Relation::greater:
      return order && *order > 0;
    case PathFilter::Relation::greater_equal:
      return order && *order >= 0;
  }
  return false;
}

bool passes(const PathFilter& filter, const Json& element, const Json& document) {
  const auto test = [&](std::size_t i) { return passes(filter.operands.at(i), element, document); };
  switch (filter.kind) {
    case PathFilter::Kind::both:
      return test(0) && test(1);
    case PathFilter::Kind::either:
      return test(0) || test(1);
    case PathFilter::Kind::negation:
      return !test(0);
    case PathFilter::Kind::exists:
      return value_of(filter.left, element, document) != nullptr;
    case PathFilter::Kind::compare:
      return holds(filter.relation, value_of(filter.left, element, document),
                   value_of(filter.right, element, document));
  }
  return false;
}

struct Take {
  const Json& value;
  const Json& document;

  Places operator()(const step::Members& members) const {
    Places taken;
    for (const auto& name : members.names) {
      if (const Json* member = value.find(name)) taken.push_back(member);
    }
    return taken;
  }
  Places operator()(const step::Elements& elements) const {
    Places taken;
    if (!value.is_array()) return taken;
    const auto size = static_cast<std::int64_t>(value.as_array().size());
    for (const auto index : elements.indexes) {
      const auto at = index < 0 ? index + size : index;
      if (at >= 0 && at < size) taken.push_back(&value.as_array()[static_cast<std::size_t>(at)]);
    }
    return taken;
  }
  Places operator()(const step::Slice& slice) const {
    Places taken;
    if (!value.is_array()) return taken;
    const auto size = static_cast<std::int64_t>(value.as_array().size());
    const auto place = [&](std::int64_t index) {
      return std::clamp<std::int64_t>(index < 0 ? index + size : index, 0, size);
    };
    const auto to = place(slice.to.value_or(size));
    for (auto at = place(slice.from.value_or(0)); at < to;) {
      taken.push_back(&value.as_array()[static_cast<std::size_t>(at)]);
      if (slice.stride > to - at) break;  // at + stride could pass all numbers
      at += slice.stride;
    }
    return taken;
  }
  Places operator()(const step::Everything&) const { return children(); }
  Places operator()(const step::Filtered& filtered) const {
    // An object is tested itself, a list element by element.
    Places taken;
    const Places tested = value.is_array() ? children() : Places{&value};
    if (!value.is_array() && !value.is_object()) return taken;
    for (const Json* element : tested) {
      if (passes(*filtered.filter, *element, document)) taken.push_back(element);
    }
    return taken;
  }

 private:
  Places children() const {
    Places all;
    if (value.is_array()) {
      for (const auto& element : value.as_array()) all.push_back(&element);
    } else if (value.is_object()) {
      for (const auto& [name, member] : value.as_object()) all.push_back(&member);
    }
    return all;
  }
};

Places take_from(const PathStep& step, const Json& value, const Json& document) {
  return std::visit(Take{value, document}, step.take);
}

bool names_one_place(const PathStep& step) {
  if (step.from == PathStep::From::descendants) return false;
  if (const auto* members = std::get_if<step::Members>(&step.take)) {
    return members->names.size() == 1;
  }
  const auto* elements = std::get_if<step::Elements>(&step.take);
  return elements != nullptr && elements->indexes.size() == 1;
}

}  // namespace

/// Reads from the front of a text; what it has read is gone from `rest_`.
class PathParser {
 public:
  explicit PathParser(std::string_view text) : whole_(text), rest_(text) {}

  JsonPath path() {
    JsonPath path;
    if (!take("$")) fail("a path begins with $");
    path.of_context_ = take("$");
    path.steps_ = steps();
    path.text_ = std::string(whole_.substr(0, whole_.size() - rest_.size()));
    return path;
  }
  std::string_view rest() const { return rest_; }
  [[noreturn]] void fail(std::string_view why) const {
    const auto at = whole_.size() - rest_.size() + 1;
    refuse(fmt::format("\"{}\" is no path: {} at character {}", whole_, why, at));
  }

 private:
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    skip_space();
    if (!take(token)) fail(fmt::format("{} is missing", token));
  }
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }

  std::vector<PathStep> steps() {
    std::vector<PathStep> found;
    for (;;) {
      PathStep next;
      if (take("..")) {
        next.from = PathStep::From::descendants;
        if (rest_.starts_with("[")) {
          bracket(next);
        } else {
          dotted(next);
        }
      } else if (take(".")) {
        dotted(next);
      } else if (rest_.starts_with("[")) {
        bracket(next);
      } else {
        return found;
      }
      found.push_back(std::move(next));
    }
  }

  void dotted(PathStep& step) {
    if (take("*")) {
      step.take = step::Everything{};
      return;
    }
    constexpr std::string_view ends = ".[](),'\"*?=<>!&|@ \t\r\n";
    const auto length = std::min(rest_.find_first_of(ends), rest_.size());
    if (length == 0) fail("a name is missing");
    if (rest_.substr(length).starts_with("(")) fail("functions are not supported");
    step.take = step::Members{.names = {std::string(rest_.substr(0, length))}};
    rest_.remove_prefix(length);
  }

  void bracket(PathStep& step) {
    expect("[");
    skip_space();
    if (take("*")) {
      step.take = step::Everything{};
    } else if (take("?")) {
      expect("(");
      step.take = step::Filtered{.filter = std::make_shared<const PathFilter>(filter(0))};
      expect(")");
    } else if (rest_.starts_with("'") || rest_.starts_with("\"")) {
      step.take = step::Members{.names = listed([this] { return quoted(); })};
    } else {
      numbers(step);
    }
    expect("]");
  }

  void numbers(PathStep& step) {
    std::optional<std::int64_t> first;
    if (!rest_.starts_with(":")) first = integer();
    skip_space();
    if (!rest_.starts_with(":")) {
      step::Elements elements{.indexes = {*first}};
      while (take(",")) {
        skip_space();
        elements.indexes.push_back(integer());
        skip_space();
      }
      step.take = std::move(elements);
      return;
    }
    step::Slice slice{.from = first, .to = {}};
    slice.to = behind_colon();
    slice.stride = behind_colon().value_or(1);
    if (slice.stride < 1) fail("a slice's stride is at least 1");
    step.take = slice;
  }

  std::optional<std::int64_t> behind_colon() {
    skip_space();
    if (!take(":")) return {};
    skip_space();
    if (rest_.empty() || rest_.front() == ':' || rest_.front() == ']') return {};
    return integer();
  }

  template <typename Read>
  auto listed(Read read) -> std::vector<decltype(read())> {
    std::vector<decltype(read())> found{read()};
    for (skip_space(); take(","); skip_space()) {
      skip_space();
      found.push_back(read());
    }
    return found;
  }

  std::int64_t integer() {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (parsed.ec != std::errc{}) fail("a number, a quoted name, * or ?( is missing");
    rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
    return number;
  }

  std::string quoted() {
    const char quote = rest_.empty() ? '\0' : rest_.front();
    if (quote != '\'' && quote != '"') fail("a quoted name is missing");
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != quote) {
      const bool escapes =
          rest_.front() == '\\' && rest_.size() > 1 && (rest_[1] == quote || rest_[1] == '\\');
      if (escapes) rest_.remove_prefix(1);
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!take(std::string_view(&quote, 1))) fail("the closing quote is missing");
    return text;
  }

  PathFilter filter(int depth) {
    if (depth > filter_depth_max) fail("a filter is nested too deeply");
    PathFilter left = conjunction(depth);
    for (skip_space(); take("||"); skip_space()) {
      left = joined(PathFilter::Kind::either, std::move(left), conjunction(depth));
    }
    return left;
  }
  PathFilter conjunction(int depth) {
    PathFilter left = term(depth);
    for (skip_space(); take("&&"); skip_space()) {
      left = joined(PathFilter::Kind::both, std::move(left), term(depth));
    }
    return left;
  }
  static PathFilter joined(PathFilter::Kind kind, PathFilter left, PathFilter right) {
    PathFilter whole{.kind = kind};
    whole.operands.push_back(std::move(left));
    whole.operands.push_back(std::move(right));
    return whole;
  }

  PathFilter term(int depth) {
    skip_space();
    if (depth > filter_depth_max) fail("a filter is nested too deeply");
    if (take("!")) {
      PathFilter negated{.kind = PathFilter::Kind::negation};
      negated.operands.push_back(term(depth + 1));
      return negated;
    }
    if (take("(")) {
      PathFilter inner = filter(depth + 1);
      expect(")");
      return inner;
    }
    PathFilter test{.kind = PathFilter::Kind::exists};
    test.left = operand();
    skip_space();
    if (const auto relation = relation_word()) {
      test.kind = PathFilter::Kind::compare;
      test.relation = *relation;
      skip_space();
      test.right = operand();
    }
    return test;
  }

  std::optional<PathFilter::Relation> relation_word() {
    // The longer words first: "<=" begins with "<".
    constexpr std::array<std::pair<std::string_view, PathFilter::Relation>, 6> words{{
        {"==", PathFilter::Relation::equal},
        {"!=", PathFilter::Relation::not_equal},
        {"<=", PathFilter::Relation::less_equal},
        {">=", PathFilter::Relation::greater_equal},
        {"<", PathFilter::Relation::less},
        {">", PathFilter::Relation::greater},
    }};
    for (const auto& [word, relation] : words) {
      if (take(word)) return relation;
    }
    if (rest_.empty() || rest_.front() == ')' || rest_.front() == '&' || rest_.front() == '|') {
      return {};
    }
    fail("the filter's operator is not supported: use == != < <= > >= && || !");
  }

  PathFilter::Operand operand() {
    PathFilter::Operand operand;
    if (take("@")) {
      operand.root = PathFilter::Operand::Root::element;
      operand.steps = steps();
    } else if (take("$")) {
      operand.root = PathFilter::Operand::Root::document;
      operand.steps = steps();
    } else if (rest_.starts_with("'") || rest_.starts_with("\"")) {
      operand.literal = quoted();
    } else {
      operand.literal = word();
    }
    return operand;
  }

  Json word() {
    const auto length = std::min(rest_.find_first_of(" \t)&|=<>!"), rest_.size());
    const std::string_view text = rest_.substr(0, length);
    try {
      Json value = Json::parse(text);
      rest_.remove_prefix(length);
      return value;
    } catch (const Error&) {
      fail("a value is missing: @, $, a quoted text, a number, true, false or null");
    }
  }

  std::string_view whole_;
  std::string_view rest_;
};

JsonPath JsonPath::parse(std::string_view text) {
  PathParser parser(text);
  JsonPath path = parser.path();
  if (!parser.rest().empty()) parser.fail("what follows belongs to no path");
  return path;
}

JsonPath JsonPath::parse_prefix(std::string_view& text) {
  PathParser parser(text);
  JsonPath path = parser.path();
  text = parser.rest();
  return path;
}

bool JsonPath::is_definite() const {
  return std::ranges::all_of(steps_, names_one_place);
}

std::optional<Json> JsonPath::find(const PathRoots& roots) const {
  const Json& start = of_context_ ? roots.context : roots.input;
  const Places places = follow(steps_, start, start);
  if (is_definite()) return places.empty() ? std::nullopt : std::optional(*places.front());
  Json list = Json::array();
  std::size_t copied = 0;
  for (const Json* place : places) {
    copied += values_in(*place);
    if (copied > values_max) refuse("the path gives more than a million values");
    list.push_back(*place);
  }
  return list;
}

bool is_same(const Json& left, const Json& right) {
  const auto a = number_of(left);
  const auto b = number_of(right);
  if (a && b) return left.is_int() && right.is_int() ? left == right : *a == *b;
  if (left.is_array() && right.is_array()) {
    return std::ranges::equal(left.as_array(), right.as_array(), is_same);
  }
  if (left.is_object() && right.is_object()) return is_same_object(left, right);
  return left == right;
}

}  // namespace pipeline::asl
