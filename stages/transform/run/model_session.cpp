#include "stages/transform/run/model_session.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline::dbt {
namespace {

constexpr std::string_view modes_not_taken[] = {"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI"};
// MySQL cuts GROUP_CONCAT at 1024 bytes, MariaDB at a megabyte; models get the same from both.
constexpr int group_concat_bytes_max = 1 << 20;

std::string usable_modes(std::string_view modes) {
  std::vector<std::string> kept;
  for (auto& mode : split(modes, ',')) {
    const bool taken = std::find(std::begin(modes_not_taken), std::end(modes_not_taken), mode) ==
                       std::end(modes_not_taken);
    if (taken) kept.push_back(std::move(mode));
  }
  return join(kept, ",");
}

void stop_the_clock(Connection& session, const ModelClock& clock) {
  const auto instant = std::chrono::duration_cast<std::chrono::seconds>(
      clock.date.instant_at(clock.time_of_day).time_since_epoch());
  const std::string wanted =
      fmt::format("{} {:02}:{:02}:{:02}", clock.date.iso(), clock.time_of_day.count() / 3600,
                  clock.time_of_day.count() / 60 % 60, clock.time_of_day.count() % 60);
  std::string shown;
  try {
    session.execute(fmt::format("SET SESSION timestamp = {}", instant.count()));
    shown = session.query_value("SELECT NOW()").value_or("");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable) throw;
    throw Error(ErrorKind::wrong_database,
                "the server does not let the build account set its session's clock; models need "
                "it to stand at the business date (MariaDB: secure_timestamp must be NO)")
        .caused_by(error);
  }
  if (shown != wanted) {
    throw Error(
        ErrorKind::wrong_database,
        fmt::format("the clock of the model session shows {} instead of {}", shown, wanted));
  }
}

}  // namespace

void make_model_session(Connection& session, const ModelClock& clock) {
  session.execute("SET SESSION time_zone = '+09:00'");
  const std::string modes = session.query_value("SELECT @@GLOBAL.sql_mode").value_or("");
  session.execute("SET SESSION sql_mode = " + quote_text(usable_modes(modes)));
  session.execute(fmt::format("SET SESSION group_concat_max_len = {}", group_concat_bytes_max));
  stop_the_clock(session, clock);
}

}  // namespace pipeline::dbt
