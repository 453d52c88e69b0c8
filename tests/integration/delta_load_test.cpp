// The next day's dump costs what changed, and staging is the dump all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/delta_house.h"

namespace pipeline::test {
namespace {

using testing::HasSubstr;
using Way = LoadedTable::Way;

class DeltaLoad : public testing::Test {
 protected:
  DeltaLoad() { house_.reset(); }
  void sql(const std::string& statement) { house_.sql(statement); }
  /// `rows` rooms with ids from 1 on.
  void make_rooms(int rows) {
    sql("CREATE TABLE rooms (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, code VARCHAR(20) NOT "
        "NULL, "
        "rent INT NULL, note TEXT NULL, UNIQUE KEY uq_code (code))");
    sql(fmt::format(
        "INSERT INTO rooms SELECT seq, CONCAT('R', seq), seq * 10, REPEAT('x', seq % 90) "
        "FROM seq_1_to_{}",
        rows));
  }
  /// Both copies hold a day.
  void two_days() {
    house_.next_day();
    sql("UPDATE rooms SET rent = rent + 1 WHERE id = 1");
    house_.next_day();
  }
  const LoadedTable& rooms(const LoadReport& report) { return table_of(report, "rooms"); }
  std::string id_of_live_copy() {
    return house_.value(
        "SELECT TABLE_ID FROM information_schema.INNODB_SYS_TABLES WHERE NAME = 'staging/rooms'");
  }

  DeltaHouse& house_ = DeltaHouse::shared();
};

TEST_F(DeltaLoad, SendsWholeTablesUntilBothCopiesAreThereAndChangedRowsFromThenOn) {
  make_rooms(3000);
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  sql("UPDATE rooms SET rent = 7 WHERE id = 1500");
  const LoadReport second = house_.next_day();
  EXPECT_EQ(rooms(second).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  sql("UPDATE rooms SET rent = 8 WHERE id = 2");
  sql("DELETE FROM rooms WHERE id IN (3, 3000)");
  sql("INSERT INTO rooms VALUES (5000, 'new', NULL, 'späť\\n\\t\\\\')");
  const LoadReport third = house_.next_day();
  EXPECT_EQ(rooms(third).way, Way::changes);
  // Against the copy of two days before: 1500, 2, and 5000 come, 1500, 2, 3 and 3000 go.
  EXPECT_EQ(rooms(third).rows_sent, 3U);
  EXPECT_EQ(rooms(third).rows_deleted, 4U);
  EXPECT_EQ(rooms(third).rows, 2999U);
  EXPECT_EQ(third.content.rows, 2999U);
  EXPECT_EQ(house_.differences(), "");
  for (int day = 4; day < 10; ++day) {
    sql(fmt::format("UPDATE rooms SET rent = 9 WHERE id = {}", day));
    EXPECT_EQ(rooms(house_.next_day()).way, Way::changes) << day;
    EXPECT_EQ(house_.differences(), "");
  }
  EXPECT_TRUE(house_.verify().differences.empty());
}

/// As phpMyAdmin writes it: keys behind the rows. Rooms 1 to 3000; those up to `changed` cost one
/// more.
std::string export_of_phpmyadmin(int changed) {
  std::vector<std::string> rows;
  for (int id = 1; id <= 3000; ++id) {
    rows.push_back(fmt::format("({}, 'R{}', {})", id, id, id <= changed ? 8 : 7));
  }
  return "-- phpMyAdmin SQL Dump\nSET SQL_MODE = \"NO_AUTO_VALUE_ON_ZERO\";\n/*!40101 SET NAMES "
         "utf8mb4 */;\nCREATE TABLE `rooms` (`id` int NOT NULL, `code` varchar(20), `rent` int) "
         "ENGINE=InnoDB;\nINSERT INTO `rooms` (`id`, `code`, `rent`) VALUES\n" +
         join(rows, ",\n") +
         ";\nALTER TABLE `rooms`\n  ADD PRIMARY KEY (`id`),\n  ADD UNIQUE KEY `code` (`code`);\n"
         "ALTER TABLE `rooms`\n  MODIFY `id` int NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=3001;\n"
         "COMMIT;\n-- Dump completed\n";
}

TEST_F(DeltaLoad, AnExportThatAddsKeysBehindItsRowsCostsWhatChangedToo) {
  const auto changed = [&] { return house_.value("SELECT SUM(rent = 8) FROM staging.rooms"); };
  EXPECT_EQ(rooms(house_.next_day(export_of_phpmyadmin(0))).way, Way::whole);
  EXPECT_EQ(rooms(house_.next_day(export_of_phpmyadmin(1))).way, Way::whole);
  const LoadReport third = house_.next_day(export_of_phpmyadmin(3));
  EXPECT_EQ(rooms(third).way, Way::changes);
  EXPECT_EQ(rooms(third).rows_sent, 3U);
  EXPECT_EQ(changed(), "3");
  EXPECT_EQ(rooms(house_.next_day(export_of_phpmyadmin(3))).way, Way::untouched);
  EXPECT_EQ(rooms(house_.next_day(export_of_phpmyadmin(2500))).way, Way::whole)
      << "by a second reading";
  EXPECT_EQ(changed(), "2500");
  EXPECT_TRUE(house_.verify().differences.empty());
}

TEST_F(DeltaLoad, LeavesATableThatDidNotChangeAsItIs) {
  make_rooms(200);
  sql("CREATE TABLE words (word VARCHAR(20) PRIMARY KEY)");
  sql("INSERT INTO words VALUES ('a'), ('b')");
  sql("CREATE TABLE loose (a INT)");
  sql("INSERT INTO loose VALUES (1), (1), (NULL)");
  two_days();
  const std::string copy = id_of_live_copy();
  sql("INSERT INTO loose VALUES (2)");
  const LoadReport third = house_.next_day();
  EXPECT_EQ(rooms(third).way, Way::untouched);
  EXPECT_EQ(table_of(third, "words").way, Way::untouched);
  EXPECT_EQ(table_of(third, "loose").way, Way::whole);
  EXPECT_EQ(id_of_live_copy(), copy);
  EXPECT_EQ(house_.differences(), "");
  // Two days later than its copy in the shadow.
  sql("UPDATE rooms SET rent = 0 WHERE id = 9");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, PublishesAGenerationThoughNothingChanged) {
  make_rooms(20);
  two_days();
  const auto before = house_.value("SELECT generation FROM staging.pipeline_marker");
  const LoadReport same = house_.next_day();
  EXPECT_EQ(rooms(same).way, Way::untouched);
  EXPECT_NE(house_.value("SELECT generation FROM staging.pipeline_marker"), before);
  EXPECT_EQ(house_.value("SELECT business_date FROM staging.pipeline_marker"), "2026-02-03");
}

TEST_F(DeltaLoad, MovesAUniqueValueFromOneRowToAnother) {
  make_rooms(50);
  two_days();
  sql("UPDATE rooms SET code = 'tmp' WHERE id = 1");
  sql("UPDATE rooms SET code = 'R1' WHERE id = 2");
  sql("UPDATE rooms SET code = 'R2' WHERE id = 1");
  sql("DELETE FROM rooms WHERE id = 3");
  sql("INSERT INTO rooms VALUES (51, 'R3', 1, NULL)");
  sql("UPDATE rooms SET id = 1000 WHERE id = 4");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, TellsKeysBelowZeroAndOfSeveralColumnsApart) {
  sql("CREATE TABLE pairs (a BIGINT, b BIGINT UNSIGNED, c INT, PRIMARY KEY (a, b))");
  sql("INSERT INTO pairs VALUES (-9223372036854775808, 0, 1), (-1, 18446744073709551615, 2), (0, "
      "0, "
      "3), (9223372036854775807, 5, 4)");
  house_.next_day();
  sql("UPDATE pairs SET c = c + 10");
  house_.next_day();
  sql("UPDATE pairs SET c = 0 WHERE a = -1");
  sql("DELETE FROM pairs WHERE a = 0");
  sql("INSERT INTO pairs VALUES (-2, 7, 7)");
  const LoadReport third = house_.next_day();
  EXPECT_EQ(table_of(third, "pairs").way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, LoadsATableWholeOfWhichEveryTenthRowChanged) {
  make_rooms(12'000);
  two_days();
  sql("UPDATE rooms SET rent = rent + 1 WHERE id % 9 = 0");
  const LoadReport third = house_.next_day();
  EXPECT_EQ(rooms(third).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  // The other copy is now of the day before last: as many rows differ from it.
  sql("UPDATE rooms SET rent = 1 WHERE id = 2");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  sql("UPDATE rooms SET rent = 2 WHERE id = 2");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, LoadsATableWholeWhoseDefinitionChanged) {
  make_rooms(100);
  two_days();
  sql("ALTER TABLE rooms MODIFY note VARCHAR(200) NULL");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  sql("ALTER TABLE rooms ADD INDEX by_rent (rent)");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  // Only the next number is another.
  sql("INSERT INTO rooms VALUES (900, 'last', 1, NULL)");
  sql("DELETE FROM rooms WHERE id = 900");
  house_.next_day();
  EXPECT_EQ(rooms(house_.next_day()).way, Way::untouched);
}

TEST_F(DeltaLoad, FollowsTablesThatGoComeAndBecomeEmpty) {
  make_rooms(100);
  sql("CREATE TABLE other (id INT PRIMARY KEY)");
  sql("INSERT INTO other VALUES (1), (2)");
  two_days();
  sql("RENAME TABLE rooms TO away");
  house_.next_day();
  EXPECT_EQ(house_.differences(), "");
  sql("RENAME TABLE away TO rooms");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  sql("DELETE FROM rooms");
  house_.next_day();
  EXPECT_EQ(house_.differences(), "");
  sql("INSERT INTO rooms VALUES (1, 'a', 1, '')");
  house_.next_day();
  sql("INSERT INTO rooms VALUES (2, 'b', 1, '')");
  house_.next_day();
  EXPECT_EQ(house_.differences(), "");
  sql("INSERT INTO rooms VALUES (3, 'c', 1, '')");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, SendsChangedRowsAsInsertsWhereLocalInfileIsRefused) {
  sql("SET GLOBAL local_infile = 0");
  make_rooms(300);
  two_days();
  sql("UPDATE rooms SET note = '\\'\"\\\\' WHERE id = 100");
  sql("DELETE FROM rooms WHERE id = 300");
  const LoadReport third = house_.next_day();
  EXPECT_EQ(rooms(third).way, Way::changes);
  EXPECT_EQ(rooms(third).rows_deleted, 3U);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, CarriesGeneratedColumnsAndUniqueTextsThatDifferInCaseOnly) {
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, name VARCHAR(20), size DOUBLE, twice DOUBLE AS "
      "(size "
      "* 2) STORED, loud VARCHAR(20) AS (UPPER(name)) VIRTUAL, UNIQUE KEY (name))");
  sql("INSERT INTO rooms (id, name, size) VALUES (1, 'Abc', 1.5), (2, 'def', 0.1), (3, 'x', 2)");
  house_.next_day();
  sql("UPDATE rooms SET size = size + 1 WHERE id = 3");
  house_.next_day();
  sql("UPDATE rooms SET name = 'abc' WHERE id = 1");
  sql("UPDATE rooms SET size = 0.2 WHERE id = 2");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(
      house_.value("SELECT GROUP_CONCAT(name, size, twice, loud ORDER BY id) FROM staging.rooms"),
      house_.value("SELECT GROUP_CONCAT(name, size, twice, loud ORDER BY id) FROM source.rooms"));
}

// ---- copies that are not what their state tells

TEST_F(DeltaLoad, NoticesRowsThatSomebodyTookFromTheCopyInTheShadow) {
  make_rooms(3000);
  two_days();
  sql("DELETE FROM staging__next.rooms WHERE id = 2999");
  sql("UPDATE rooms SET rent = 7 WHERE id = 5");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, NoticesRowsThatSomebodyPutIntoTheCopyInTheShadow) {
  make_rooms(3000);
  two_days();
  sql("INSERT INTO staging__next.rooms VALUES (9000, 'by hand', 1, '')");
  sql("INSERT INTO rooms VALUES (9000, 'new', 1, '')");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, NoticesAChangedValueInASample) {
  make_rooms(15);  // so few that all of them are looked at
  two_days();
  sql("UPDATE staging__next.rooms SET note = 'by hand' WHERE id = 9");
  sql("UPDATE rooms SET rent = 7 WHERE id = 5");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, BelievesNoCopyThatWasAltered) {
  make_rooms(300);
  two_days();
  sql("ALTER TABLE staging__next.rooms ADD INDEX by_hand (rent)");
  sql("UPDATE rooms SET rent = 7 WHERE id = 5");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  // The live one, though the dump has no change for it.
  sql("ALTER TABLE staging.rooms ADD INDEX by_hand (rent)");
  EXPECT_NE(rooms(house_.next_day()).way, Way::untouched);
  EXPECT_EQ(house_.differences(), "");
  sql("UPDATE rooms SET rent = 8 WHERE id = 5");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, BelievesNoStateThatIsDamagedOrOfAnotherFormat) {
  make_rooms(300);
  for (const std::string damage :
       {"UPDATE staging__next.rooms__hashes_a SET entries = 'nothing' WHERE label = ''",
        "UPDATE staging__next.rooms__hashes_a SET entries = REPLACE(entries, '\"format\":1', "
        "'\"format\":2') WHERE label = ''",
        "UPDATE staging__next.rooms__hashes_a SET entries = LEFT(entries, 20) WHERE label <> ''",
        "DELETE FROM staging__next.rooms__hashes_a WHERE label <> ''",
        "DROP TABLE staging__next.rooms__hashes_a"}) {
    house_.reset();
    make_rooms(300);
    two_days();  // a is the slot of the first day's copy, which lies in the shadow now
    sql(damage);
    sql("UPDATE rooms SET rent = 7 WHERE id = 5");
    EXPECT_EQ(rooms(house_.next_day()).way, Way::whole) << damage;
    EXPECT_EQ(house_.differences(), "") << damage;
  }
}

TEST_F(DeltaLoad, BelievesNoCopyBesideAStagingThatWasEmptied) {
  make_rooms(5000);
  two_days();
  sql("UPDATE rooms SET rent = 2 WHERE id = 18");
  house_.next_day();
  house_.put_back("staging", "");
  sql("USE source");
  sql("UPDATE rooms SET rent = 3 WHERE id = 19");
  EXPECT_EQ(rooms(house_.same_day(house_.dump())).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, BelievesNoCopyBesideAStagingOfAnEarlierDay) {
  make_rooms(5000);
  two_days();
  const std::string second = house_.dump({}, "staging");
  sql("UPDATE rooms SET rent = 2 WHERE id = 18");
  house_.next_day();
  house_.put_back("staging", second);
  sql("USE source");
  sql("UPDATE rooms SET rent = 3 WHERE id = 19");
  EXPECT_EQ(rooms(house_.same_day(house_.dump())).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
  // Behind two more days the copies are known again.
  house_.next_day();
  house_.next_day();
  sql("UPDATE rooms SET rent = 4 WHERE id = 19");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, BelievesNoShadowOfAnEarlierDay) {
  make_rooms(5000);
  two_days();
  const std::string shadow = house_.dump({"--hex-blob"}, "staging__next");
  for (const int rent : {2, 3}) {
    sql(fmt::format("UPDATE rooms SET rent = {0} WHERE id = 18 + {0}", rent));
    house_.next_day();
  }
  sql("UPDATE rooms SET rent = 9 WHERE id = 40");
  house_.next_day();
  house_.put_back("staging__next", shadow);
  sql("USE source");
  sql("UPDATE rooms SET rent = 4 WHERE id = 19");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, CountsTheRowsOfATableThatItLeavesAlone) {
  make_rooms(3000);
  two_days();
  sql("DELETE FROM staging.rooms WHERE id > 100");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, BringsRightWhatVerifyFoundWrong) {
  make_rooms(3000);
  two_days();
  sql("UPDATE staging.rooms SET note = 'by hand' WHERE id = 1234");
  EXPECT_EQ(house_.verify().differences.size(), 1U);
  EXPECT_NE(rooms(house_.next_day()).way, Way::untouched);
  EXPECT_EQ(house_.differences(), "");
}

// ---- the same text under other circumstances

TEST_F(DeltaLoad, LoadsAnewWhatTheServersOwnTimeZoneWouldReadOtherwise) {
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, at TIMESTAMP NULL)");
  sql("INSERT INTO rooms VALUES (1, '2026-01-01 00:00:00')");
  const auto dump = [&] { return house_.dump({"--skip-tz-utc"}); };
  house_.next_day(dump());
  house_.next_day(dump());
  EXPECT_EQ(rooms(house_.next_day(dump())).way, Way::untouched);
  const std::string before = dump();
  sql("SET GLOBAL time_zone = '+09:00'");
  EXPECT_EQ(rooms(house_.next_day(before)).way, Way::whole);
  EXPECT_EQ(house_.value("SELECT UNIX_TIMESTAMP(at) FROM staging.rooms"), "1767193200");
}

TEST_F(DeltaLoad, LoadsAnewWhatTheShadowsCharacterSetWouldReadOtherwise) {
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, name VARCHAR(20))");
  sql("INSERT INTO rooms VALUES (1, 'a')");
  const auto dump = [&] {
    return replace_all(house_.dump(), " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci", "");
  };
  house_.next_day(dump());
  house_.next_day(dump());
  EXPECT_EQ(rooms(house_.next_day(dump())).way, Way::untouched);
  sql("ALTER DATABASE staging__next CHARACTER SET latin1");
  EXPECT_EQ(rooms(house_.next_day(dump())).way, Way::whole);
}

TEST_F(DeltaLoad, SeesThatARowCameIntoOtherColumns) {
  sql("CREATE TABLE loose (id INT, a INT, b INT)");
  const auto with = [&](const std::string& rows) {
    return replace_all(house_.dump(), "-- Dump completed", rows + "\n-- Dump completed");
  };
  const std::string first = with(
      "INSERT INTO `loose` (`id`,`a`,`b`) VALUES (1,1,1);\nINSERT INTO `loose` (`id`,`b`,`a`) "
      "VALUES "
      "(2,5,6);\nINSERT INTO `loose` (`id`,`a`,`b`) VALUES (3,7,8);");
  house_.next_day(first);
  house_.next_day(first);
  house_.next_day(
      with("INSERT INTO `loose` (`id`,`a`,`b`) VALUES (1,1,1);\nINSERT INTO `loose` (`id`,`b`,`a`) "
           "VALUES (2,5,6),(3,7,8);"));
  EXPECT_EQ(house_.value("SELECT CONCAT(a, b) FROM staging.loose WHERE id = 3"), "87");
}

TEST_F(DeltaLoad, KnowsATableAgainWhoseDefinitionShowsInATimeZone) {
  sql("SET GLOBAL time_zone = '+09:00'");
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, a INT, at TIMESTAMP NOT NULL DEFAULT '2020-01-01 "
      "09:00:00')");
  sql("INSERT INTO rooms (id, a) VALUES (1, 1), (2, 2)");
  const auto dump = [&] { return house_.dump({"--skip-tz-utc"}); };
  house_.next_day(dump());
  sql("UPDATE rooms SET a = 3 WHERE id = 1");
  house_.next_day(dump());
  sql("UPDATE rooms SET a = 4 WHERE id = 2");
  EXPECT_EQ(rooms(house_.next_day(dump())).way, Way::changes);
}

TEST_F(DeltaLoad, RebuildsWhatChangedForReadersOfOldSnapshotsIfItIsAskedTo) {
  make_rooms(50);
  house_.change = [](LoaderOptions& options) { options.rebuild = FillOptions::Rebuild::yes; };
  two_days();
  sql("UPDATE rooms SET rent = 2 WHERE id = 18");
  Connection reader = Connection::open(house_.root().options());
  reader.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  try {
    reader.query_value("SELECT COUNT(*) FROM staging.rooms");
    ADD_FAILURE() << "the reader saw a generation that is gone";
  } catch (const Error& error) {
    EXPECT_EQ(error.context_value("errno"), "1412");
  }
}

// ---- limits

TEST_F(DeltaLoad, KeepsItsHashesUnderASmallPacket) {
  sql("SET GLOBAL max_allowed_packet = 1048576");
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, a INT)");
  sql("INSERT INTO rooms SELECT seq, seq FROM seq_1_to_200000");
  const std::vector<std::string> small{"--max-allowed-packet=512K", "--net-buffer-length=65536"};
  house_.next_day(house_.dump(small));
  house_.next_day(house_.dump(small));
  sql("UPDATE rooms SET a = 0 WHERE id % 40 = 0");
  EXPECT_EQ(rooms(house_.next_day(house_.dump(small))).way, Way::changes);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, TakesKeysOfManyColumns) {
  for (const int columns : {16, 17, 30}) {
    house_.reset();
    std::string all;
    std::string key;
    std::string values;
    for (int i = 0; i < columns; ++i) {
      all += fmt::format("a_rather_long_name_of_a_column_{} INT NOT NULL, ", i);
      key += fmt::format("{}a_rather_long_name_of_a_column_{}", i == 0 ? "" : ", ", i);
      values += fmt::format("{}seq + {}", i == 0 ? "" : ", ", i);
    }
    sql(fmt::format("CREATE TABLE rooms ({}v INT, PRIMARY KEY ({}))", all, key));
    sql(fmt::format("INSERT INTO rooms SELECT {}, seq FROM seq_1_to_3000", values));
    house_.next_day();
    house_.next_day();
    sql("UPDATE rooms SET v = 0 WHERE v % 7 = 0");
    EXPECT_EQ(rooms(house_.next_day()).way, columns == 16 ? Way::changes : Way::whole) << columns;
    EXPECT_EQ(house_.differences(), "");
    sql("DELETE FROM rooms WHERE v % 9 = 1");
    house_.next_day();
    EXPECT_EQ(house_.differences(), "");
  }
}

TEST_F(DeltaLoad, LoadsEverythingWholeIfItIsAskedTo) {
  make_rooms(300);
  two_days();
  house_.change = [](LoaderOptions& options) { options.tables = RouteOptions::Load::whole; };
  EXPECT_EQ(rooms(house_.next_day()).way, Way::whole);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, GoesOnFromWhatVerifyLoaded) {
  make_rooms(300);
  two_days();
  EXPECT_TRUE(house_.verify().differences.empty());
  sql("UPDATE rooms SET rent = 7 WHERE id = 5");
  const LoadReport third = house_.next_day();
  EXPECT_EQ(rooms(third).way, Way::changes);
  EXPECT_EQ(rooms(third).rows_sent, 1U);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, BlamesTheDumpForRowsThatCollideThoughTheyCameAsChanges) {
  make_rooms(300);
  two_days();
  const std::string good = house_.dump();
  const std::string bad = replace_all(good, "(7,'R7',", "(7,'R8',");
  ASSERT_NE(bad, good);
  const auto before = house_.value("CHECKSUM TABLE staging.rooms");
  try {
    house_.next_day(bad);
    ADD_FAILURE() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_corrupt) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("collide"));
  }
  EXPECT_EQ(house_.value("CHECKSUM TABLE staging.rooms"), before);
  house_.same_day(good);
  EXPECT_EQ(house_.differences(), "");
}

TEST_F(DeltaLoad, TakesATableWhoseRowsComeInPieces) {
  make_rooms(4);
  sql("CREATE TABLE other (id INT PRIMARY KEY)");
  sql("INSERT INTO other VALUES (1)");
  const auto in_pieces = [&](const std::string& last) {
    return replace_all(house_.dump(), "-- Dump completed",
                       "INSERT INTO `other` VALUES (" + last + ");\nINSERT INTO `rooms` VALUES (" +
                           last + ",'p" + last + "',1,NULL);\n-- Dump completed");
  };
  for (const std::string last : {"71", "72", "72", "73"}) {
    house_.next_day(in_pieces(last));
    EXPECT_EQ(house_.value("SELECT GROUP_CONCAT(id ORDER BY id) FROM staging.rooms"),
              "1,2,3,4," + last);
    EXPECT_EQ(house_.value("SELECT GROUP_CONCAT(id ORDER BY id) FROM staging.other"), "1," + last);
  }
}

TEST_F(DeltaLoad, TakesATableThatComesInPiecesForTheFirstTime) {
  sql("CREATE TABLE other (id INT PRIMARY KEY)");
  sql("INSERT INTO other VALUES (1)");
  sql("CREATE TABLE rooms (id INT PRIMARY KEY)");
  sql("INSERT INTO rooms VALUES (1), (2)");
  house_.next_day();
  for (const int last : {3, 4}) {
    house_.next_day(
        replace_all(house_.dump(), "-- Dump completed",
                    fmt::format("INSERT INTO `other` VALUES ({0});\nINSERT INTO `rooms` "
                                "VALUES ({0});\n-- Dump completed",
                                last)));
    EXPECT_EQ(house_.value("SELECT GROUP_CONCAT(id ORDER BY id) FROM staging.rooms"),
              fmt::format("1,2,{}", last));
  }
}

TEST_F(DeltaLoad, SendsGeneratedColumnsAsInsertsToo) {
  sql("SET GLOBAL local_infile = 0");
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, a INT, twice INT AS (a * 2) STORED)");
  sql("INSERT INTO rooms (id, a) VALUES (1, 1), (2, 2)");
  house_.next_day();
  sql("UPDATE rooms SET a = 3 WHERE id = 1");
  house_.next_day();
  sql("UPDATE rooms SET a = 4 WHERE id = 2");
  EXPECT_EQ(rooms(house_.next_day()).way, Way::changes);
  EXPECT_EQ(house_.value("SELECT GROUP_CONCAT(a, twice ORDER BY id) FROM staging.rooms"), "36,48");
}

TEST_F(DeltaLoad, TakesKeysThatDoNotAscendOrAreNoPlainNumbers) {
  sql("CREATE TABLE rooms (id INT PRIMARY KEY, a INT)");
  const auto with = [&](const std::string& rows) {
    return replace_all(house_.dump(), "-- Dump completed",
                       "INSERT INTO `rooms` VALUES " + rows + ";\n-- Dump completed");
  };
  for (const std::string rows : {"(3,1),(2,1),(1,1)", "(3,1),(2,2),(1,1)", "(3,1),(2,2),(1,1)",
                                 "(1,1),(2,2),(3,3)", "('1',1),(2,2),(3,3)", "(1,1),(2,2),(3,4)"}) {
    house_.next_day(with(rows));
    house_.next_day(with(rows));
    EXPECT_EQ(house_.value("SELECT GROUP_CONCAT(id * 10 + a ORDER BY id) FROM staging.rooms"),
              rows.find("4)") != std::string::npos    ? "11,22,34"
              : rows.find("3,3") != std::string::npos ? "11,22,33"
              : rows.find("2,2") != std::string::npos ? "11,22,31"
                                                      : "11,21,31")
        << rows;
  }
}

}  // namespace
}  // namespace pipeline::test
