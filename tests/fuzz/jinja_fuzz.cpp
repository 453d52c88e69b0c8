// Templates: every text gives tokens inside it, and a rendering that ends, twice the same.
#include "stages/transform/jinja/environment.h"
#include "stages/transform/jinja/lexer.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline::jinja {
namespace {

// Enough for every loop and macro that a small input can say something with; a fuzzer that waits
// for values of megabytes in loops of thousands finds nothing.
constexpr std::int64_t steps = 500;
constexpr std::size_t source_bytes_max = 2048;

ContextPtr context() {
  auto names = std::make_shared<Context>();
  names->variables = {{"number", Value(7)},
                      {"text", Value("a <b> 'c'\n")},
                      {"list", Value::list({Value(3), Value("x"), Value(), Value(2.5)})},
                      {"dict", Value::from_json(Json::parse(R"({"a":1,"b":{"c":[true,null]}})"))}};
  return names;
}

void read_tokens(std::string_view source) {
  for (const Token& token : tokenize("input", source)) {
    require(token.span.end <= source.size() && token.span.begin <= token.span.end,
            "a token stands in the source");
  }
}

struct Engine {
  Engine() {
    environment.limit_steps(steps);
    environment.add_filter("random", [](CallContext&, const Arguments&) { return Value(4); });
  }
  Environment environment;
};

void render(std::string_view source) {
  static const Engine engine;
  const Environment& environment = engine.environment;
  std::string first;
  std::string second;
  const std::string refusal =
      fuzz::refusal_of([&] { first = environment.render(source, context(), "input"); });
  const std::string again =
      fuzz::refusal_of([&] { second = environment.render(source, context(), "input"); });
  require(refusal == again && first == second, "a template gives the same twice");
  fuzz::refusal_of([&] { environment.evaluate(source, context(), "input"); });
}

}  // namespace
}  // namespace pipeline::jinja

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const auto source = fuzz::text_of(data, size);
  if (source.size() > jinja::source_bytes_max) return 0;
  fuzz::refusal_of([&] { jinja::read_tokens(source); });
  jinja::render(source);
  return 0;
}
