// --select and --exclude: parts of a layer that go live whole, tested, and without a false claim.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using namespace shop;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Selected : public ShopTest {
 protected:
  static std::vector<std::string> built(const ShopWarehouse::Outcome& outcome) {
    std::vector<std::string> ids;
    for (const auto& node : outcome.output().at("nodes").as_array()) {
      ids.push_back(node.at("unique_id").as_string());
    }
    return ids;
  }

  /// What a marker says beside its generation and run.
  std::string claim(const std::string& schema) {
    return warehouse_.rows("SELECT upstream_generation, business_date, project_hash FROM " +
                           schema + ".pipeline_marker");
  }
};

TEST_F(Selected, APartIsPublishedAsANewGenerationThatClaimsTheSameDay) {
  first_day();
  const std::string claimed = claim("silver");
  const std::string history_before = warehouse_.value("CHECKSUM TABLE silver.history");
  const auto outcome = warehouse_.run("silver_transformer", {"--select", "counts"});
  expect_green(outcome);
  EXPECT_THAT(built(outcome), ElementsAre("model.shop.counts"));
  EXPECT_EQ(claim("silver"), claimed);
  EXPECT_EQ(claim("seeds"), claimed);
  EXPECT_EQ(warehouse_.value("SELECT generation FROM silver.pipeline_marker"), "2");
  EXPECT_EQ(warehouse_.value("CHECKSUM TABLE silver.history"), history_before);
  const auto again = warehouse_.run("silver_transformer");
  expect_green(again);
  EXPECT_TRUE(again.output().at("nothing_new").as_bool()) << "the project is the same";
  const auto gold = warehouse_.run("gold_transformer");
  expect_green(gold);
  EXPECT_FALSE(gold.output().at("nothing_new").as_bool()) << "it sees a new generation";
}

TEST_F(Selected, TakesEverySpellingAndSeveralValues) {
  first_day();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--select", "counts", "days"},
           {"-s", "counts", "-s", "days"},
           {"--models", "counts days"},
           {"run", "-m", "counts", "--model", "days"},
           {"--select", "stg_tenants+1,config.materialized:table", "days"},
           {"--exclude", "history", "stg_tenants", "resource_type:seed"}}) {
    const auto outcome = warehouse_.run("silver_transformer", arguments);
    expect_green(outcome);
    EXPECT_THAT(built(outcome),
                testing::UnorderedElementsAre("model.shop.counts", "model.shop.days"));
  }
}

TEST_F(Selected, APartOfAChangedProjectMakesTheNextRunBuildEverything) {
  first_day();
  warehouse_.write("models/silver/counts.sql", replace_all(counts, "max(label)", "min(label)"));
  expect_green(warehouse_.run("silver_transformer", {"--select", "counts"}));
  // Changed back: what is live is still of the other project.
  warehouse_.write("models/silver/counts.sql", counts);
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_FALSE(outcome.output().at("nothing_new").as_bool());
  EXPECT_EQ(built(outcome).size(), 5U);
}

TEST_F(Selected, APartIsRefusedWhileTheLayerShowsAnOlderDay) {
  auto outcome =
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--select", "counts"});
  EXPECT_THAT(outcome.cause(), HasSubstr("staging was never published"));
  warehouse_.stage("2026-02-01", "(1, 1)");
  outcome =
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--select", "counts"});
  EXPECT_THAT(outcome.cause(), HasSubstr("was never published"));
  expect_green(warehouse_.run("silver_transformer"));
  second_day();
  outcome =
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--select", "counts"});
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("was built from generation 1 of staging, which shows 2 now"),
                    HasSubstr("run the whole layer first: silver_transformer --config " +
                              warehouse_.file("pipeline.yaml"))));
}

TEST_F(Selected, AParentThatIsNotPublishedIsNamed) {
  first_day();
  warehouse_.write("models/silver/fresh.sql", "select 1 as one from {{ ref('stg_tenants') }}\n");
  warehouse_.write("models/silver/child.sql", "select * from {{ ref('fresh') }}\n");
  const auto outcome =
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--select", "child"});
  EXPECT_THAT(outcome.cause(), HasSubstr("model.shop.fresh (read by model.shop.child)"));
  expect_green(warehouse_.run("silver_transformer", {"--select", "fresh+"}));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.child"), "3");
}

TEST_F(Selected, AFailingTestThatLooksAtThePartKeepsItBack) {
  first_day();
  warehouse_.write("models/silver/counts.sql",
                   replace_all(counts, "count(*) as tenants", "count(*) + 1 as tenants"));
  warehouse_.write("tests/counts_fit_days.sql",
                   "select d.day from {{ ref('days') }} d join (select sum(tenants) as n from {{ "
                   "ref('counts') }}) c on c.n <> d.tenants\n");
  const auto outcome =
      expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, {"--select", "counts"});
  EXPECT_EQ(outcome.status("test.shop.counts_fit_days"), "fail") << "against the live days";
  EXPECT_EQ(outcome.status("test.shop.one_current"), "") << "it looks at nothing that is built";
}

TEST_F(Selected, TheSameDayIsNotAppliedTwiceToAPart) {
  first_day();
  second_day();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string first = warehouse_.content();
  for (int again = 0; again < 2; ++again) {
    expect_green(warehouse_.run("silver_transformer", {"--select", "days", "history"}));
    EXPECT_EQ(warehouse_.content(), first);
  }
  EXPECT_EQ(warehouse_.rows("SELECT day, tenants FROM silver.days ORDER BY 1"),
            "2026-02-01|3;2026-02-02|3");
}

TEST_F(Selected, SaysWhatBelongsToOtherLayersAndRefusesASelectionWithoutItsOwn) {
  first_day();
  auto outcome =
      expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10, {"--select", "summary"});
  EXPECT_THAT(outcome.cause(), HasSubstr("model.shop.summary (gold)"));
  outcome =
      expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10, {"--select", "cuonts"});
  EXPECT_THAT(outcome.cause(), HasSubstr("did you mean \"counts\"?"));
  outcome = warehouse_.run("silver_transformer", {"--select", "counts+"});
  expect_green(outcome);
  EXPECT_THAT(outcome.program.err, HasSubstr("model.shop.summary (gold)"));
  EXPECT_THAT(built(outcome), ElementsAre("model.shop.counts"));
  const auto gold = warehouse_.run("gold_transformer");
  expect_green(gold);
  outcome = warehouse_.run("gold_transformer", {"--select", "summary"});
  expect_green(outcome);
  EXPECT_TRUE(outcome.output().at("nothing_new").as_bool()) << "summary is all of gold";
}

TEST_F(Selected, AKilledPartLeavesTheLayerAsItWas) {
  first_day();
  const std::string before = warehouse_.published();
  const auto killed = warehouse_.run("silver_transformer", {"--select", "counts", "days"},
                                     {{"PIPELINE_FAILPOINT", "publish_after_journal:kill"}});
  EXPECT_EQ(killed.program.signal, SIGKILL);
  EXPECT_EQ(warehouse_.published(), before);
  const auto renamed = warehouse_.run("silver_transformer", {"--select", "counts", "days"},
                                      {{"PIPELINE_FAILPOINT", "publish_after_rename:kill"}});
  EXPECT_EQ(renamed.program.signal, SIGKILL);
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_TRUE(outcome.output().at("nothing_new").as_bool()) << "it had been published whole";
  EXPECT_EQ(outcome.output().at("settled").as_array().size(), 1U);
}

}  // namespace
}  // namespace pipeline
