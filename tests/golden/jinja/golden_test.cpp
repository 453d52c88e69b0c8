// Renders every case of this folder and compares the text, or the whole error, with what stands
// beside it. A case is NAME.txt: a JSON object with the variables, a line "---", the template.
//
// err_*: must fail; NAME.expected is the error. ext_*: uses what hosts add to Jinja (the block
// `test`, the function `return`, policies for undefined names), so the reference cannot run it.
// The variable "$undefined" chooses the policy.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "stages/transform/jinja/environment.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace pipeline::jinja {
namespace {

namespace fs = std::filesystem;

const std::string cases_folder = PIPELINE_SOURCE_DIR "/tests/golden/jinja/";
constexpr std::string_view case_separator = "\n---\n";

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(cases_folder)) {
    const std::string name = file.path().stem().string();
    if (file.path().extension() == ".txt" && name != "CMakeLists") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

UndefinedPolicy policy_named(const std::string& name) {
  if (name == "chainable") return UndefinedPolicy::chainable;
  if (name == "iterable") return UndefinedPolicy::iterable;
  return UndefinedPolicy::strict;
}

ContextPtr context_of(const Json& variables) {
  auto context = std::make_shared<Context>();
  for (const auto& [name, value] : variables.as_object()) {
    if (name == "$undefined") {
      context->undefined = policy_named(value.as_string());
    } else {
      context->variables.emplace(name, Value::from_json(value));
    }
  }
  return context;
}

void add_extensions(Environment& environment) {
  environment.add_macro_tag({"test", "endtest", "test_"});
  environment.add_global(
      "return", Value::function("return", [](CallContext&, const Arguments& arguments) -> Value {
        throw ReturnValue{Bound("return", arguments, {"value"}).value("value")};
      }));
}

class JinjaGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(JinjaGolden, GivesWhatIsExpected) {
  const std::string& name = GetParam();
  const std::string text = test::read_text_file(cases_folder + name + ".txt");
  const std::size_t separator = text.find(case_separator);
  ASSERT_NE(separator, std::string::npos) << "no line --- in " << name;
  const ContextPtr context = context_of(Json::parse(text.substr(0, separator)));
  const std::string source = text.substr(separator + case_separator.size());

  Environment environment;
  add_extensions(environment);
  std::string actual;
  bool failed = false;
  try {
    actual = environment.render(source, context, name);
  } catch (const TemplateError& error) {
    actual = error.what();
    failed = true;
  }
  EXPECT_EQ(failed, name.rfind("err_", 0) == 0) << actual;
  EXPECT_TRUE(test::equals_golden(actual + "\n", cases_folder + name + ".expected"));
}

INSTANTIATE_TEST_SUITE_P(Cases, JinjaGolden, ::testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pipeline::jinja
