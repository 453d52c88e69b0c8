// The people, rooms and contracts of the sample source as values: what the rows of the tables that
// the models read are told from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/sample_source/options.h"

namespace pipeline::source {

using Id = std::int64_t;  // of a row; 0 is none

enum class LeaseStage : std::uint8_t {
  promised,      // decided, moves in on a day to come
  running,       // lives there
  notice_given,  // lives there until the day of moving out
  ended,
  cancelled,
};

/// Someone has or will have the room.
constexpr bool is_unclosed(LeaseStage stage) {
  return stage == LeaseStage::promised || stage == LeaseStage::running ||
         stage == LeaseStage::notice_given;
}

struct Apartment {
  int room_count = 0;
  int occupied = 0;  // unclosed leases; never more than room_count
  Date touched{};
  int revision = 0;
};

struct Room {
  std::size_t apartment;
  int capacity;
  std::int64_t rent;
  std::int64_t condo_fee;
  Date touched{};
};

/// A room has as many as its capacity; at most one unclosed lease each, and no two leases of one
/// bed overlap.
struct Bed {
  std::size_t room;
  Date free_from{};  // far_future while somebody has it
  Id lease = 0;      // the unclosed one
};

struct Tenant {
  Date created{};
  Date touched{};
  int status = 0;
  int contract_type = 0;
  int agreement_type = 1;
  int renewal_priority = 0;  // 0: NULL
  std::optional<int> reason_moveout;
  bool is_transferred = false;
  bool is_renewal_ng = false;
  bool is_paysle_unpaid = false;
  int revision = 0;  // of what nobody reads
  Id first_lease = 0;
  Id lease = 0;  // the current one, or the last
  Id inquiry = 0;
};

/// One row of movings.
struct Lease {
  Id tenant = 0;
  std::size_t bed = 0;
  int contract_type = 0;
  LeaseStage stage = LeaseStage::promised;
  Date decided{};
  Date movein{};
  Date expiration{};
  std::optional<Date> receipt;  // of the notice
  std::optional<Date> moveout;  // planned, then real
  bool is_renewed = false;
  std::int64_t rent = 0;
  std::int64_t condo_fee = 0;
  Date created{};
  Date touched{};
  int revision = 0;
  Id original = 0;   // of which this row is a repetition
  Id duplicate = 0;  // the row that repeats this one
  bool is_deleted = false;
};

struct Inquiry {
  Id tenant = 0;
  Date created{};
  Date touched{};
  int revision = 0;
};

/// Everything as it stands on one day, and how far back each list reached on earlier days. The row
/// with id N is element N - 1.
struct World {
  std::vector<Apartment> apartments;
  std::vector<Room> rooms;
  std::vector<Bed> beds;
  std::vector<Tenant> tenants;
  std::vector<Lease> leases;
  std::vector<Inquiry> inquiries;

  // Rows of other tables name only these, in the order in which they came up. None is ever deleted.
  std::vector<Id> originals;  // leases that repeat none
  std::vector<Id> ended;

  struct Counts {
    std::size_t tenants, leases, originals, ended, inquiries;
  };
  std::vector<Counts> counts;  // at the end of day 1, 2 ...
  /// For each day of the company's life until day 1, how many of `originals` had been decided.
  std::vector<std::size_t> decided_by_day;

  std::size_t staying = 0;      // promised and running leases, without repetitions
  std::size_t notices = 0;      // leases under notice
  std::size_t repetitions = 0;  // unclosed leases that repeat one
  // What the days keep to: as it was on day 1.
  std::size_t staying_target = 0;
  std::size_t repetitions_target = 0;

  Tenant& tenant(Id id) { return tenants[static_cast<std::size_t>(id) - 1]; }
  const Tenant& tenant(Id id) const { return tenants[static_cast<std::size_t>(id) - 1]; }
  Lease& lease(Id id) { return leases[static_cast<std::size_t>(id) - 1]; }
  const Lease& lease(Id id) const { return leases[static_cast<std::size_t>(id) - 1]; }
  std::size_t room_of(const Lease& lease) const { return beds[lease.bed].room; }
  Apartment& apartment_of(const Lease& lease) {
    return apartments[rooms[room_of(lease)].apartment];
  }
};

inline constexpr Date far_future{std::chrono::days(1'000'000)};
inline constexpr int tenant_statuses = 18;
inline constexpr int contract_types = 10;

/// The world on `options.day`. Same options, same world.
World make_world(const SourceOptions& options);

// The steps that make_world is made of.

World first_day(const SourceOptions& options);
/// Turns the world of the day before into that of `day`.
void apply_day(World& world, const SourceOptions& options, int day);

// What both use.

/// A bed that is free from `movein` on, in a house that has not got more people than rooms already
/// if `unclosed`. None if there is none.
std::optional<std::size_t> find_bed(const World& world, Random& random, Date movein, bool unclosed);
/// Adds a lease that repeats none and gives it its bed if it needs one; returns its id.
Id add_lease(World& world, const Lease& lease);
/// Ends or cancels an unclosed lease, and the row that repeats it.
void close_lease(World& world, Id id, LeaseStage stage, Date moveout, Date touched);
/// Repeats an unclosed lease that has no repetition yet.
void add_duplicate(World& world, Id original, Date touched);
Id add_tenant(World& world, Random& random, Date created, int status);
void add_inquiry(World& world, Random& random, Date created, Changes changes);
void count_day(World& world);

}  // namespace pipeline::source
