#include "stages/publish/backup_choice.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::publish {
namespace {

constexpr std::size_t backups_named_max = 5;
constexpr std::chrono::hours tokyo_offset{9};

/// "07:05" or "07:05:30" and what follows it.
struct TimeAndRest {
  std::chrono::seconds time;
  std::string_view rest;
};

std::optional<TimeAndRest> parse_time(std::string_view text) {
  for (const std::size_t length : {std::size_t{8}, std::size_t{5}}) {
    if (text.size() < length) continue;
    if (const auto time = parse_time_of_day(text.substr(0, length))) {
      return TimeAndRest{.time = *time, .rest = text.substr(length)};
    }
  }
  return {};
}

/// "", "Z", "+09:00" or "-0530" as the offset of the wall clock from UTC.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text.empty()) return tokyo_offset;
  if (text == "Z") return std::chrono::minutes(0);
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return {};
  const auto time = parse_time_of_day(text.substr(1));
  if (!time) return {};
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(*time);
  return west ? -minutes : minutes;
}

std::string with_choice(std::string message, const std::vector<Backup>& backups) {
  std::vector<std::string> names;
  for (const auto& backup : backups) {
    if (backup.state != Backup::State::kept) continue;
    if (names.size() == backups_named_max) {
      names.emplace_back("older ones (backups lists them)");
      break;
    }
    names.push_back(fmt::format("{} ({}, made by run {})", backup.backup_name,
                                backup.business_date ? backup.business_date->iso() : "no date",
                                backup.run_id));
  }
  message += names.empty() ? "; no backup of it is there"
                           : "; these backups of it are there: " + join(names, ", ");
  return message;
}

[[noreturn]] void refuse(ErrorKind kind, std::string message, const std::vector<Backup>& backups) {
  throw Error(kind, with_choice(std::move(message), backups));
}

std::string_view why_gone(Backup::State state) {
  switch (state) {
    case Backup::State::kept:
      return "is there";
    case Backup::State::gone:
      return "was dropped or renamed by somebody";
    case Backup::State::dropped:
      return "was dropped by retention";
    case Backup::State::put_back:
      return "was put back, and that table was dropped since";
  }
  return "is gone";
}

const Backup* made_by(const std::vector<Backup>& backups, std::uint64_t publish_id) {
  const auto found = std::ranges::find_if(backups, [&](const Backup& backup) {
    return backup.publish_id == publish_id && backup.kind != BackupKind::copied;
  });
  return found == backups.end() ? nullptr : &*found;
}

/// What a table was before a run, or at a moment, names a version; it may have moved on.
BackupChoice resolve(const Backup& meant, const std::vector<Backup>& backups,
                     std::uint64_t live_built_by) {
  if (meant.state == Backup::State::kept) return {.meant = meant, .table = meant};
  if (meant.built_by != 0 && meant.built_by == live_built_by) return {.meant = meant, .table = {}};
  for (const auto& backup : backups) {
    const bool same = meant.built_by != 0 && backup.built_by == meant.built_by;
    if (same && backup.state == Backup::State::kept) return {.meant = meant, .table = backup};
  }
  refuse(ErrorKind::guard_refused,
         fmt::format("the backup {} {}", meant.name().text(), why_gone(meant.state)), backups);
}

class Chooser {
 public:
  Chooser(const std::vector<Backup>& backups, const std::vector<MadeLive>& lives,
          std::uint64_t live_built_by)
      : backups_(backups), lives_(lives), live_built_by_(live_built_by) {}

  BackupChoice operator()(const Newest& /*point*/) const {
    bool taken_away = false;
    for (const auto& backup : backups_) {
      if (backup.state != Backup::State::kept || backup.verified != Backup::Verified::yes) continue;
      // Somebody judged these rows wrong when they put others in their place.
      if (backup.kind != BackupKind::replaced_by_restore) return {.meant = backup, .table = backup};
      taken_away = true;
    }
    refuse(ErrorKind::guard_refused,
           taken_away ? "there is no verified backup but what a restore or rollback took away, "
                        "which --at takes by its name"
                      : "there is no verified backup",
           backups_);
  }

  BackupChoice operator()(const AtInstant& point) const {
    if (lives_.empty()) {
      refuse(ErrorKind::guard_refused, "the table was never published", backups_);
    }
    std::size_t next = 0;
    while (next < lives_.size() && lives_[next].since <= point.instant) ++next;
    if (next == lives_.size()) {
      refuse(
          ErrorKind::guard_refused,
          fmt::format("what was live at {} is live now, since {}; what was changed by hand since "
                      "then is in no backup",
                      format_jst(point.instant), format_jst(lives_.back().since)),
          backups_);
    }
    const Backup* meant = made_by(backups_, lives_[next].publish_id);
    if (meant == nullptr) {
      refuse(ErrorKind::guard_refused,
             fmt::format("what was live at {} was not kept when it was replaced at {}",
                         format_jst(point.instant), format_jst(lives_[next].since)),
             backups_);
    }
    return verified(resolve(*meant, backups_, live_built_by_));
  }

  BackupChoice operator()(const BeforeRun& point) const {
    // The run's first backup: it may have published twice.
    const Backup* meant = nullptr;
    for (const auto& backup : backups_) {
      if (backup.run_id != point.run_id) continue;
      const bool copy = backup.kind == BackupKind::copied;
      if (meant == nullptr || !copy) meant = &backup;
    }
    if (meant == nullptr) {
      refuse(ErrorKind::config_invalid,
             fmt::format("--at {} is no moment (2026-02-03 07:05), no backup of the table, and no "
                         "run that made one",
                         point.run_id),
             backups_);
    }
    return verified(resolve(*meant, backups_, live_built_by_));
  }

  BackupChoice operator()(const ByName& point) const {
    const auto found = std::ranges::find(backups_, point.backup_name, &Backup::backup_name);
    if (found == backups_.end()) {
      refuse(ErrorKind::config_invalid,
             fmt::format("{} is no backup of the table", point.backup_name), backups_);
    }
    if (found->state != Backup::State::kept) {
      refuse(ErrorKind::guard_refused,
             fmt::format("the backup {} {}", found->name().text(), why_gone(found->state)),
             backups_);
    }
    return {.meant = *found, .table = *found};
  }

 private:
  BackupChoice verified(BackupChoice choice) const {
    if (!choice.table || choice.table->verified == Backup::Verified::yes) return choice;
    refuse(
        ErrorKind::guard_refused,
        fmt::format("the backup {} is not verified: it held other rows than the table before it; "
                    "--at {} takes it nevertheless",
                    choice.table->name().text(), choice.table->backup_name),
        backups_);
  }

  const std::vector<Backup>& backups_;
  const std::vector<MadeLive>& lives_;
  std::uint64_t live_built_by_;
};

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_moment(std::string_view text) {
  // A date, a "T" or a blank, a time, an offset.
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ')) return {};
  const auto date = BusinessDate::parse(text.substr(0, 10));
  const auto time = parse_time(text.substr(11));
  if (!date || !time) return {};
  const auto offset = parse_offset(time->rest);
  if (!offset) return {};
  return std::chrono::system_clock::time_point(date->days()) + time->time - *offset;
}

RestorePoint parse_restore_point(const std::optional<std::string>& at,
                                 const std::vector<Backup>& backups) {
  if (!at) return Newest{};
  if (const auto instant = parse_moment(*at)) return AtInstant{*instant};
  if (BusinessDate::parse(*at)) {
    throw Error(
        ErrorKind::config_invalid,
        fmt::format("--at {} is a date without a time; write the moment at which the wanted "
                    "rows were live, as \"{} 12:00\"",
                    *at, *at));
  }
  for (const auto& backup : backups) {
    if (*at == backup.backup_name || *at == backup.name().text()) {
      return ByName{backup.backup_name};
    }
  }
  return BeforeRun{*at};
}

BackupChoice choose_backup(const RestorePoint& point, const std::vector<Backup>& backups,
                           const std::vector<MadeLive>& lives, std::uint64_t live_built_by) {
  return std::visit(Chooser(backups, lives, live_built_by), point);
}

}  // namespace pipeline::publish
