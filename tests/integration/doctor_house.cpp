#include "tests/integration/doctor_house.h"

#include <filesystem>

#include "common/base/json.h"

namespace pipeline {

std::set<std::string> Diagnosis::names() const {
  std::set<std::string> names;
  for (const auto& finding : findings) names.insert(finding.name());
  return names;
}

const Finding* Diagnosis::line(const std::string& name) const {
  for (const auto& finding : findings) {
    if (finding.name() == name) return &finding;
  }
  return nullptr;
}

std::vector<std::string> Diagnosis::names_of(Verdict verdict) const {
  std::vector<std::string> names;
  for (const auto& finding : findings) {
    if (finding.verdict == verdict) names.push_back(finding.name() + ": " + finding.found);
  }
  return names;
}

void close_secrets(const BadInputHouse& house) {
  using std::filesystem::perms;
  for (const auto& entry : std::filesystem::directory_iterator(house.file("secrets"))) {
    std::filesystem::permissions(entry.path(), perms::owner_read | perms::owner_write);
  }
}

Diagnosis ask_doctor(const BadInputHouse& house, const std::map<std::string, std::string>& env) {
  Start start{.program = "orchestrator", .arguments = {"doctor", "--json"}, .env = env};
  test::ProgramToRun program = house.program(start);
  program.time_limit = std::chrono::minutes(2);
  Diagnosis diagnosis{.program = test::run_program(program), .findings = {}};
  EXPECT_EQ(diagnosis.program.ended, test::ProgramResult::Ended::by_itself)
      << diagnosis.program.text();
  const std::string all = diagnosis.program.out + diagnosis.program.err;
  for (const auto* secret : {"pw_", "canary"}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << "a secret is shown: " << all;
  }
  try {
    const Json report = Json::parse(diagnosis.program.out);
    EXPECT_EQ(report.at("exit_code").as_int(), diagnosis.program.exit_code.value_or(-1));
    for (const auto& finding : report.at("findings").as_array()) {
      diagnosis.findings.push_back(finding_from_json(finding));
    }
    EXPECT_EQ(report.at("ok").as_bool(), diagnosis.names_of(Verdict::fail).empty());
  } catch (const Error& error) {
    ADD_FAILURE() << error.what() << "\n" << diagnosis.program.text() << diagnosis.program.out;
  }
  return diagnosis;
}

void expect_trouble(const Diagnosis& diagnosis, const Trouble& trouble) {
  SCOPED_TRACE(trouble.line + "\n" + diagnosis.program.out);
  const Finding* line = diagnosis.line(trouble.line);
  ASSERT_NE(line, nullptr) << "there is no such line";
  EXPECT_EQ(line->verdict, trouble.verdict);
  EXPECT_EQ(line->kind ? std::string(entry_of(*line->kind).name) : "", trouble.error);
  for (const auto& words : trouble.found) {
    EXPECT_NE(line->found.find(words), std::string::npos) << "it must say: " << words;
  }
  EXPECT_FALSE(line->advice.empty()) << "it must say what to do";
  for (const auto& words : trouble.advice) {
    EXPECT_NE(line->advice.find(words), std::string::npos) << "it must advise: " << words;
  }
}

void expect_other_lines(const Diagnosis& diagnosis, const Diagnosis& sound,
                        const std::set<std::string>& without) {
  const auto there = diagnosis.names();
  for (const auto& name : sound.names()) {
    const bool wanted = !without.contains(name);
    EXPECT_EQ(there.contains(name), wanted) << name << "\n" << diagnosis.program.out;
  }
}

}  // namespace pipeline
