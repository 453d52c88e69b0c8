#include "bench/sample_source/source.h"

// Rows without a story
// --------------------
// Nearly all rows stand in tables that no model reads. Such a row is drawn alone, from random
// numbers that the seed, the name of the table and its id decide; so no row needs another one, and
// none is kept. What must agree between rows agrees because both sides compute it: a clearing and
// the payment that it names ask the same function whom payment 17 is about.
//
// A row that is not changed must stay the same from day to day. So nothing in it may depend on the
// day that is written: dates count from day 1, and a reference is drawn among the rows that the
// other table had when this one was added.

#include <algorithm>

#include "bench/sample_source/schema.h"
#include "bench/sample_source/story.h"
#include "common/base/error.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

/// How many of the newest contracts or tenants a row may be about: part of those of day 1.
constexpr std::size_t newest_part = 4;

constexpr Date at_or_before(Date a, Date b) {
  return a < b ? a : b;
}

class Anchoring {
 public:
  explicit Anchoring(const Source& source)
      : source_(source), world_(source.world()), first_(source.options().date_of(1)) {}

  /// Sets the day, the dates, the parent and whom the row is about.
  void settle(const TableSpec& table, Row& row) const {
    const Ids& ids = source_.ids(table.name);
    row.day = ids.day_of(row.id);
    row.created = office_hour(row.key, day_of_row(ids, row));
    set_parent(table, ids, row);
    set_anchor(table, ids, row);
  }

 private:
  Date day_of_row(const Ids& ids, const Row& row) const {
    if (row.day > 1) return first_ + days(row.day - 2);
    const Id span = company_age.count() - 1;
    return first_ - company_age + days(row.id * span / ids.last(1));
  }

  void set_parent(const TableSpec& table, const Ids& ids, Row& row) const {
    for (const Column& column : table.columns) {
      const auto* reference = std::get_if<Reference>(&column.content);
      if (reference == nullptr || reference->how != Reference::How::along) continue;
      parent_table_ = &source_table(reference->table);
      row.parent = referred_row(source_.ids(reference->table), row, mixed(row.key + 1),
                                Reference::How::along, ids.last(1));
      return;
    }
  }

  void set_anchor(const TableSpec& table, const Ids& ids, Row& row) const {
    Random random(mixed(row.key + 2));
    switch (table.anchor) {
      case Anchor::none:
        return;
      case Anchor::tenant:
        row.tenant = static_cast<Id>(newest(random, tenants_at(row), world_.counts[0].tenants));
        return;
      case Anchor::moving:
        return set_lease(
            row, world_.originals[newest(random, leases_at(row), world_.counts[0].originals) - 1]);
      case Anchor::ended:
        return set_ended(ids, random, row);
      case Anchor::room:
        return set_room(row, random.below(world_.rooms.size()));
      case Anchor::apartment:
        row.apartment = static_cast<Id>(random.below(world_.apartments.size())) + 1;
        return;
      case Anchor::parent: {
        const TableSpec& parent = *parent_table_;
        Row other = keyed_row(source_.options(), parent.name, row.parent);
        settle(parent, other);
        row.tenant = other.tenant;
        row.moving = other.moving;
        row.room = other.room;
        row.apartment = other.apartment;
        row.monthly_rent = other.monthly_rent;
      }
    }
  }

  /// One of the newest `part` of the first `count`, counted from 1.
  static std::size_t newest(Random& random, std::size_t count, std::size_t on_day_1) {
    const std::size_t part = std::max<std::size_t>(1, on_day_1 / newest_part);
    return count - random.below(std::min(count, part));
  }

  std::size_t days_of_company(const Row& row) const {
    return static_cast<std::size_t>((row.created.day - (first_ - company_age)).count());
  }

  std::size_t leases_at(const Row& row) const {
    if (row.day > 1) return world_.counts[static_cast<std::size_t>(row.day) - 1].originals;
    return std::max<std::size_t>(1, world_.decided_by_day[days_of_company(row)]);
  }

  std::size_t tenants_at(const Row& row) const {
    if (row.day > 1) return world_.counts[static_cast<std::size_t>(row.day) - 1].tenants;
    const auto age = static_cast<std::size_t>(company_age.count());
    return std::max<std::size_t>(1, world_.counts[0].tenants * days_of_company(row) / age);
  }

  void set_lease(Row& row, Id id) const {
    const Lease& lease = world_.lease(id);
    row.moving = id;
    row.tenant = lease.tenant;
    row.monthly_rent = lease.rent + lease.condo_fee;
    set_room(row, world_.room_of(lease));
  }

  void set_room(Row& row, std::size_t room) const {
    row.room = static_cast<Id>(room) + 1;
    row.apartment = static_cast<Id>(world_.rooms[room].apartment) + 1;
  }

  /// Settlements of day 1 are about the leases that had ended then, one after another.
  void set_ended(const Ids& ids, Random& random, Row& row) const {
    constexpr std::size_t newest_ended = 50;
    const std::size_t ended = world_.counts[static_cast<std::size_t>(row.day) - 1].ended;
    const std::size_t index =
        row.day == 1
            ? static_cast<std::size_t>(row.id - 1) * ended / static_cast<std::size_t>(ids.last(1))
            : ended - 1 - random.below(std::min(ended, newest_ended));
    const Id id = world_.ended[index];
    set_lease(row, id);
    if (row.day == 1) {
      row.created = office_hour(row.key, at_or_before(*world_.lease(id).moveout, first_ - days(1)));
    }
  }

  const Source& source_;
  const World& world_;
  Date first_;
  mutable const TableSpec* parent_table_ = nullptr;
};

/// When a row was last changed: on the day before the dump that first shows it.
Moment updated(const SourceOptions& options, const Row& row, int changed_on) {
  constexpr std::size_t latest_days = 200;
  const Date first = options.date_of(1);
  if (changed_on != 0) return office_hour(row.key, first + days(changed_on - 2));
  if (row.day > 1) return row.created;
  Random random(mixed(row.key + 3));
  if (!random.one_in(3)) return row.created;
  const Date day = row.created.day + days(random.below(latest_days));
  return std::max(row.created, office_hour(row.key, at_or_before(day, first - days(1))));
}

}  // namespace

Row keyed_row(const SourceOptions& options, std::string_view table, Id id) {
  Row row;
  row.id = id;
  row.key = mixed(seed_of(options.seed, table) ^ (static_cast<std::uint64_t>(id) << 20U));
  return row;
}

Id referred_row(const Ids& ids, const Row& row, std::uint64_t draw, Reference::How how,
                Id rows_of_own_table) {
  constexpr std::uint64_t newest_permille = 20;
  const auto rows = static_cast<std::uint64_t>(ids.last(row.day));
  require(rows > 0, "a table that others name has rows");
  std::uint64_t found = draw % rows + 1;
  if (how == Reference::How::along) {
    found = row.day == 1 ? static_cast<std::uint64_t>(row.id - 1) * rows /
                                   static_cast<std::uint64_t>(rows_of_own_table) +
                               1
                         : rows - draw % std::max<std::uint64_t>(1, rows * newest_permille / 1'000);
  }
  const auto id = static_cast<Id>(found);
  return is_volatile(id) ? id - 1 : id;
}

Source::Source(const SourceOptions& options) : options_(options), world_(make_world(options)) {
  for (const TableSpec& table : source_tables()) {
    const Story* story = story_of(table.name);
    if (story == nullptr) {
      ids_.emplace(table.name, Ids(table, options));
      continue;
    }
    std::vector<Id> last;
    for (int day = 1; day <= options.day; ++day) last.push_back(story->last_id(world_, day));
    ids_.emplace(table.name, Ids(std::move(last)));
  }
}

const Ids& Source::ids(std::string_view table) const {
  const auto found = ids_.find(table);
  require(found != ids_.end(), "the table exists");
  return found->second;
}

Id Source::last_row(const TableSpec& table) const {
  const Ids& ids = this->ids(table.name);
  const Story* story = story_of(table.name);
  ToldCells cells(table);
  std::optional<RowFates> fates;
  if (story == nullptr) fates.emplace(table, ids, options_);
  for (Id id = ids.last(options_.day); id > 0; --id) {
    Row row = keyed_row(options_, table.name, id);
    if (story == nullptr ? !fates->deleted(id) : story->tell(world_, options_, row, cells)) {
      return id;
    }
  }
  return 0;
}

void Source::for_each_row(const TableSpec& table,
                          const std::function<void(const Row&, const ToldCells&)>& each) const {
  const Date day_before_first = options_.date_of(1) - days(1);
  const Story* story = story_of(table.name);
  const Ids& ids = this->ids(table.name);
  const Id last = ids.last(options_.day);
  const Anchoring anchoring(*this);
  ToldCells cells(table);
  std::optional<RowFates> fates;
  if (story == nullptr) fates.emplace(table, ids, options_);
  for (Id id = 1; id <= last; ++id) {
    Row row = keyed_row(options_, table.name, id);
    if (story != nullptr) {
      cells.clear();
      row.day = ids.day_of(id);
      if (!story->tell(world_, options_, row, cells)) continue;
    } else {
      if (fates->deleted(id)) continue;
      anchoring.settle(table, row);
      row.change = fates->changed_on(id);
      row.updated = updated(options_, row, row.change);
    }
    row.known_until = std::max(day_before_first, row.created.day);
    each(row, cells);
  }
}

}  // namespace pipeline::source
