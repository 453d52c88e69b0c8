// The lines of `orchestrator doctor`: their table, their JSON, their page of the documents.
#include <gtest/gtest.h>

#include <set>

#include <fmt/core.h>

#include "common/base/secret.h"
#include "common/stage/finding.h"
#include "tests/support/golden.h"

namespace pipeline {
namespace {

TEST(Checks, StandInTheOrderOfTheEnumAndEachIdOnce) {
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < checks().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(checks()[i].check), i) << checks()[i].id;
    EXPECT_TRUE(ids.insert(checks()[i].id).second) << checks()[i].id;
    EXPECT_EQ(find_check(checks()[i].id), &checks()[i]);
  }
  EXPECT_EQ(checks().size(), static_cast<std::size_t>(Check::server_disk) + 1)
      << "the last check has no line";
  EXPECT_EQ(find_check("nothing-of-that-name"), nullptr);
}

TEST(Checks, ThoseOfOneGroupStandTogether) {
  std::set<std::string_view> left;
  std::string_view group;
  for (const auto& entry : checks()) {
    if (entry.group == group) continue;
    EXPECT_FALSE(left.contains(entry.group)) << entry.id;
    left.insert(group);
    group = entry.group;
  }
}

TEST(Checks, StandInTheDocumentsAsInTheCode) {
  std::string page =
      "# orchestrator doctor\n\n"
      "    orchestrator doctor [--json]\n\n"
      "One table of everything that a run needs, each line OK, WARN or FAIL with what was found "
      "and "
      "what to\ntype. Nothing is changed, but for a probe that is written to the store and one to "
      "the state folder, both\nremoved again. It works before the first `init` and on a host where "
      "half of it is missing.\n\n"
      "- The exit code is 0 if nothing failed, with warnings too; else that of the first line that "
      "failed, by the\n  table of [exit codes](exit-codes.md).\n"
      "- Run it as the account that runs the pipeline, with the same environment and passwords: "
      "[install](../operating/install.md)\n  has the command for a host with systemd.\n"
      "- What does not answer is a line that failed, after 5 s for a login, 10 s for a statement, "
      "30 s for a stage;\n  the lines of everything else are there.\n"
      "- The orchestrator itself asks neither server nor store: `staging_loader check --doctor "
      "identity|store|server`\n  and `silver_transformer check --doctor accounts|project` do, and "
      "print one finding a line as JSON. A line that\n  two of them tell alike stands there once; "
      "where they differ, the worse one stands.\n"
      "- `--json` prints `{\"ok\", \"exit_code\", \"findings\": [{\"check\", \"group\", \"name\", "
      "\"about\", \"verdict\", \"found\",\n  \"advice\", \"error\"}]}`.\n"
      "- Alerts are looked at, not sent.\n"
      "- Not looked at is what every session of the pipeline sets for itself: lock_wait_timeout, "
      "innodb_lock_wait_timeout,\n  wait_timeout, net_read_timeout, net_write_timeout, time_zone, "
      "transaction isolation, character sets; nor event_scheduler.\n\n"
      "This page is made from the table in `common/stage/finding.cpp` "
      "(`PIPELINE_UPDATE_GOLDEN=1 ./dev test -R\nunit_common_stage`).\n";
  std::string_view group;
  for (const auto& entry : checks()) {
    if (entry.group != group) {
      page += fmt::format(
          "\n## {}\n\n| check | line | what is looked at, and why | WARN | FAIL |\n"
          "| --- | --- | --- | --- | --- |\n",
          entry.group);
      group = entry.group;
    }
    page += fmt::format("| {} | {} | {} | {} | {} |\n", entry.id, entry.name, entry.why,
                        entry.warns.empty() ? "never" : entry.warns,
                        entry.fails.empty() ? "never" : entry.fails);
  }
  EXPECT_TRUE(test::equals_golden(page, PIPELINE_SOURCE_DIR "/docs/reference/doctor.md"));
}

TEST(Finding, ComesBackFromItsJson) {
  const Finding failed =
      failure(Check::login, "publish", ErrorKind::access_denied, "refused", "type this");
  EXPECT_EQ(failed.name(), "login of publish");
  EXPECT_EQ(finding_from_json(to_json(failed)), failed);
  EXPECT_EQ(to_json(failed).at("error").as_string(), "Pipeline.AccessDenied");
  const Finding fine = in_order(Check::store_list, "", "3 dumps");
  EXPECT_EQ(fine.name(), "list of the store");
  EXPECT_EQ(finding_from_json(to_json(fine)), fine);
  EXPECT_TRUE(to_json(fine).at("error").is_null());
}

TEST(Finding, ShowsNoSecretAsJsonThoughItHoldsWhatJsonEscapes) {
  const std::string value = R"(canary "quoted" \and\ more)";
  const Secret secret(value);
  const Finding failed = failure(Check::login, "with " + value, ErrorKind::access_denied,
                                 "refused " + value, "not " + value);
  const Json json = to_json(failed);
  EXPECT_EQ(json.at("name").as_string(), "login of with ***");
  EXPECT_EQ(json.at("about").as_string(), "with ***");
  EXPECT_EQ(json.at("found").as_string(), "refused ***");
  EXPECT_EQ(json.at("advice").as_string(), "not ***");
}

TEST(Finding, RefusesADocumentOfAnotherVersion) {
  Json document = to_json(in_order(Check::store_list, "", "3 dumps"));
  document.set("check", "what-comes-next-year");
  EXPECT_THROW(finding_from_json(document), Error);
  document.set("check", "store-list");
  document.set("verdict", "perhaps");
  EXPECT_THROW(finding_from_json(document), Error);
}

}  // namespace
}  // namespace pipeline
