// Dumps compressed by zstd: loaded, archived with their manifest, listed and quarantined under
// their own names, in a store whose earlier dumps are gzip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/bad_warehouse.h"
#include "tests/support/zstd_text.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string incoming = "store/dumps/gghouse_20260202.sql.zst";

class ZstdDump : public BadWarehouseTest {
 protected:
  ZstdDump() {
    house_.remove("store/dumps/gghouse_20260202.sql.gz");
    const std::string text = replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1)");
    dump_ = test::zstd_compressed(text.substr(0, 100)) + test::zstd_compressed(text.substr(100));
  }
  Said run(std::vector<std::string> arguments) {
    return house_.run(start_of("staging_loader", std::move(arguments)));
  }
  Said load() { return run({"load", "--business-date", "2026-02-02"}); }

  std::string dump_;
};

TEST_F(ZstdDump, IsLoadedAndArchivedWithItsManifestAndListed) {
  house_.change("pipeline.yaml", "  store: store\n", "  store: store\n  manifest: required\n");
  deliver(incoming, dump_, std::chrono::minutes(20));
  deliver("store/dumps/gghouse_20260202.json",
          fmt::format(R"({{"size": {}, "sha256": "{}", "rows": {{"tenants": 3}}}})", dump_.size(),
                      sha256_hex(dump_)),
          std::chrono::minutes(20));
  const Said said = load();
  ASSERT_TRUE(said.program.ok()) << said.text();
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-01 2026-02-01");
  EXPECT_EQ(house_.text_of("store/processed/gghouse_20260202.sql.zst"), dump_);
  EXPECT_THAT(names_in("processed"), ElementsAre("gghouse_20260201.sql.gz", "gghouse_20260202.json",
                                                 "gghouse_20260202.sql.zst"));
  const std::string listed = run({"ls", "--business-date", "2026-02-02"}).program.out;
  EXPECT_THAT(listed, HasSubstr("processed/gghouse_20260201.sql.gz"));
  EXPECT_THAT(listed, HasSubstr("processed/gghouse_20260202.sql.zst"));
  EXPECT_TRUE(run({"verify"}).program.ok());
}

TEST_F(ZstdDump, ThatIsCutGoesToQuarantineUnderItsName) {
  const std::string cut = dump_.substr(0, dump_.size() - 1);
  deliver(incoming, cut, std::chrono::minutes(20));
  const Said said = load();
  EXPECT_EQ(said.program.exit_code, 14) << said.text();
  EXPECT_THAT(said.text(),
              HasSubstr(fmt::format("zstd ends early at compressed byte {}", cut.size())));
  expect_nothing_published();
  const std::string name = "gghouse_20260202.sql.zst.refused-" + sha256_hex(cut).substr(0, 12);
  EXPECT_THAT(names_in("quarantine"), ElementsAre(name, name + ".json"));
  EXPECT_THAT(run({"ls", "--business-date", "2026-02-02"}).program.out, HasSubstr(name));
}

}  // namespace
}  // namespace pipeline
