// The world as it stands on the first day.
//
// How it comes about
// ------------------
// Tenants have come at an even pace over the company's life. Each gets a status: every eleventh by
// its id, so that each status is there at any scale, the others by chance, the newer the likelier
// one who lives here. The status says how far the tenant's last lease has gone (stage_of), and
// before that one some tenants have had others. All leases are first planned, then given their ids
// and beds in the order in which they were decided: so a bed never has two leases at once, and ids
// grow with time as in a real table. Then some unclosed leases are repeated, as staff did.
#include <algorithm>
#include <array>
#include <cmath>

#include "bench/sample_source/schema.h"
#include "bench/sample_source/stage_of.h"
#include "bench/sample_source/volume.h"
#include "bench/sample_source/world.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

constexpr double duplicates_in_real = 3'500;
constexpr std::size_t duplicates_at_least = 10;
constexpr double rooms_let = 0.82;  // of all rooms, notices included

struct Builder {
  const SourceOptions& options;
  Date today;
  Date founded;
  Random random;
  World world;
};

days any_days(Random& random, std::int64_t first, std::int64_t last) {
  return days(random.between(first, std::max(first, last)));
}

void add_houses(Builder& b) {
  const std::size_t apartments = first_day_rows(source_table("apartments"), b.options.scale);
  const std::size_t rooms = first_day_rows(source_table("rooms"), b.options.scale);
  b.world.apartments.resize(apartments, Apartment{.touched = b.founded});
  for (std::size_t i = 0; i < rooms; ++i) {
    const Room room{.apartment = i % apartments,
                    .capacity = b.random.one_in(10) ? 2 : 1,
                    .rent = b.random.between(28, 75) * 1'000,
                    .condo_fee = b.random.between(8, 15) * 1'000,
                    .touched = b.founded};
    ++b.world.apartments[room.apartment].room_count;
    for (int n = 0; n < room.capacity; ++n) b.world.beds.push_back({.room = i});
    b.world.rooms.push_back(room);
  }
}

struct Share {
  int status;
  unsigned permille;
};
// Who lives here or is about to, and all others.
constexpr std::array<Share, 9> tenants_with_a_room{
    {{9, 850}, {14, 35}, {15, 20}, {4, 25}, {6, 10}, {12, 10}, {7, 15}, {10, 25}, {13, 10}}};
constexpr std::array<Share, 8> tenants_without{
    {{17, 800}, {8, 75}, {1, 25}, {0, 50}, {2, 15}, {3, 15}, {16, 15}, {5, 5}}};

template <std::size_t count>
int draw(Random& random, const std::array<Share, count>& shares) {
  std::size_t rest = random.below(1'000);
  for (const Share& share : shares) {
    if (rest < share.permille) return share.status;
    rest -= share.permille;
  }
  return shares[0].status;
}

/// A status that can be true of someone who came only so many days ago.
int status_of_newcomer(int status, days known_for) {
  constexpr days time_to_move_in{45};
  constexpr days time_to_leave{80};
  switch (stage_of(status).value_or(LeaseStage::cancelled)) {
    case LeaseStage::running:
      return known_for < time_to_move_in ? 6 : status;
    case LeaseStage::notice_given:
      return known_for < time_to_leave ? 12 : status;
    case LeaseStage::ended:
      return known_for < time_to_leave ? 2 : status;
    case LeaseStage::promised:
    case LeaseStage::cancelled:
      return status;
  }
  return status;
}

void add_tenants(Builder& b) {
  const std::size_t count = first_day_rows(source_table("tenants"), b.options.scale);
  const auto span = static_cast<std::size_t>(company_age.count() - 1);
  // Of the tenants whose status is drawn; 11 of the 18 statuses dealt out by id take a room.
  const double dealt = 11.0 / 18 / 11;
  const double share =
      (rooms_let * static_cast<double>(b.world.rooms.size()) / static_cast<double>(count) - dealt) *
      11 / 10;
  for (std::size_t i = 0; i < count; ++i) {
    const Date created = b.founded + days((i + 1) * span / count);
    const double place = static_cast<double>(i) / static_cast<double>(count);
    const double with_a_room = std::min(0.9, share * 3 * place * place);
    const auto permille = static_cast<unsigned>(std::lround(1'000 * std::max(0.0, with_a_room)));
    int status = b.random.permille(permille) ? draw(b.random, tenants_with_a_room)
                                             : draw(b.random, tenants_without);
    if ((i + 1) % 11 == 0) status = static_cast<int>((i + 1) / 11 % tenant_statuses);
    const Id id =
        add_tenant(b.world, b.random, created, status_of_newcomer(status, b.today - created));
    Tenant& tenant = b.world.tenant(id);
    const Date changed = created + any_days(b.random, 0, 400);
    tenant.touched = std::max(created, std::min(changed, b.today - days(1)));
  }
}

/// A lease that ends at once may have begun at `from` and must have ended by `until`.
Lease ended_lease(Builder& b, Id tenant, Date from, Date until) {
  Lease lease{.tenant = tenant, .stage = LeaseStage::ended};
  lease.decided = from + any_days(b.random, 0, 12);
  lease.movein = lease.decided + any_days(b.random, 5, 30);
  lease.moveout =
      lease.movein +
      any_days(b.random, 25, std::min<std::int64_t>(900, (until - lease.movein).count()));
  lease.receipt = std::max(lease.movein, *lease.moveout - any_days(b.random, 1, 40));
  return lease;
}

/// The last lease of a tenant, which follows from the status.
Lease last_lease(Builder& b, Id id, LeaseStage stage, Date from) {
  const Date yesterday = b.today - days(1);
  Lease lease{.tenant = id, .stage = stage};
  switch (stage) {
    case LeaseStage::promised:
      lease.decided = std::max(from, yesterday - any_days(b.random, 0, 20));
      lease.movein = b.today + any_days(b.random, 0, 25);
      break;
    case LeaseStage::running:
    case LeaseStage::notice_given:
      lease.decided = std::max(from, b.today - any_days(b.random, 75, 1'400));
      lease.movein = std::min(lease.decided + any_days(b.random, 5, 30), b.today - days(10));
      break;
    case LeaseStage::ended:
      return ended_lease(b, id, from, b.today - days(2));
    case LeaseStage::cancelled:
      lease.decided = std::min(from + any_days(b.random, 0, 12), yesterday);
      lease.movein = lease.decided + any_days(b.random, 5, 30);
      break;
  }
  if (stage == LeaseStage::notice_given) {
    lease.receipt = b.today - any_days(b.random, 1, 25);
    lease.moveout = *lease.receipt + days(30);
  }
  return lease;
}

/// Contracts run for whole years, those that still run to a day that is to come.
void set_expiration(Builder& b, Lease& lease) {
  lease.expiration = lease.movein + days(365) * static_cast<int>(b.random.between(1, 3));
  while (is_unclosed(lease.stage) && lease.expiration <= b.today) {
    lease.expiration += days(365);
    lease.is_renewed = true;
  }
}

std::vector<Lease> plan_leases(Builder& b, std::size_t wanted) {
  constexpr days room_for_another{300};
  const auto status_stage = [&](std::size_t i) { return stage_of(b.world.tenants[i].status); };
  const auto has_lease = [&](std::size_t i) {
    const auto stage = status_stage(i);
    return stage && (stage != LeaseStage::cancelled || i % 2 == 0);
  };
  const auto has_time = [&](std::size_t i) {
    return has_lease(i) && b.today - b.world.tenants[i].created > room_for_another;
  };
  std::size_t last_ones = 0;
  std::size_t eligible = 0;
  for (std::size_t i = 0; i < b.world.tenants.size(); ++i) {
    last_ones += has_lease(i) ? 1U : 0U;
    eligible += has_time(i) ? 1U : 0U;
  }
  // Earlier leases are dealt out evenly to those who have been here long enough.
  const std::size_t earlier = std::min(eligible, wanted - std::min(wanted, last_ones));
  std::vector<Lease> plans;
  std::size_t dealt = 0;
  for (std::size_t i = 0; i < b.world.tenants.size(); ++i) {
    if (!has_lease(i)) continue;
    const Id id = static_cast<Id>(i) + 1;
    Date from = b.world.tenants[i].created;
    if (has_time(i)) {
      dealt += earlier;
      if (dealt >= eligible) {
        dealt -= eligible;
        plans.push_back(ended_lease(b, id, from, from + (b.today - from) / 2));
        from = *plans.back().moveout;
      }
    }
    plans.push_back(last_lease(b, id, *status_stage(i), from));
  }
  std::stable_sort(plans.begin(), plans.end(),
                   [](const Lease& a, const Lease& z) { return a.decided < z.decided; });
  return plans;
}

/// Gives the leases their beds in the order in which they were decided. Who finds none cancels.
void place_leases(Builder& b, std::vector<Lease> plans) {
  for (Lease& lease : plans) {
    auto bed = lease.stage == LeaseStage::cancelled
                   ? std::nullopt
                   : find_bed(b.world, b.random, lease.movein, is_unclosed(lease.stage));
    Tenant& tenant = b.world.tenant(lease.tenant);
    if (!bed) {
      if (is_unclosed(lease.stage)) tenant.status = 8;
      lease.stage = LeaseStage::cancelled;
      lease.receipt = lease.moveout = std::nullopt;
      bed = b.random.below(b.world.beds.size());
    }
    lease.bed = *bed;
    const Room& room = b.world.rooms[b.world.room_of(lease)];
    lease.rent = room.rent;
    lease.condo_fee = room.condo_fee;
    lease.contract_type = tenant.contract_type;
    set_expiration(b, lease);
    lease.created = lease.decided;
    lease.touched = std::max(
        lease.decided, std::min(lease.decided + any_days(b.random, 0, 200), b.today - days(1)));
    if (lease.stage == LeaseStage::notice_given) lease.touched = *lease.receipt;
    add_lease(b.world, lease);
    if (lease.stage == LeaseStage::ended) {
      tenant.reason_moveout = static_cast<int>(b.random.between(0, 7));
    }
  }
}

void repeat_leases(Builder& b) {
  const std::size_t wanted = volume(duplicates_in_real, b.options.scale, duplicates_at_least);
  std::vector<Id> running;
  for (const Id id : b.world.originals) {
    if (b.world.lease(id).stage == LeaseStage::running) running.push_back(id);
  }
  const std::size_t count = std::min(wanted, running.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Id id = running[i * running.size() / count];
    add_duplicate(b.world, id,
                  std::max(b.world.lease(id).created, b.today - any_days(b.random, 30, 300)));
  }
}

void index_decisions(Builder& b) {
  b.world.decided_by_day.resize(static_cast<std::size_t>(company_age.count()) + 1);
  std::size_t lease = 0;
  for (std::size_t day = 0; day < b.world.decided_by_day.size(); ++day) {
    const Date date = b.founded + days(day);
    while (lease < b.world.originals.size() && b.world.leases[lease].decided <= date) ++lease;
    b.world.decided_by_day[day] = lease;
  }
}

}  // namespace

World first_day(const SourceOptions& options) {
  const Date today = options.date_of(1);
  Builder b{.options = options,
            .today = today,
            .founded = today - company_age,
            .random = Random(options.seed),
            .world = {}};
  add_houses(b);
  add_tenants(b);
  // As many leases a tenant at any scale: few tenants have few contracts.
  const double leases_a_tenant =
      (static_cast<double>(source_table("movings").rows) - duplicates_in_real) /
      static_cast<double>(source_table("tenants").rows);
  const auto wanted = std::llround(leases_a_tenant * static_cast<double>(b.world.tenants.size()));
  place_leases(b, plan_leases(b, static_cast<std::size_t>(wanted)));
  b.world.staying_target = b.world.staying;
  repeat_leases(b);
  b.world.repetitions_target = b.world.repetitions;
  index_decisions(b);
  const std::size_t inquiries = first_day_rows(source_table("inquiries"), options.scale);
  const auto span = static_cast<std::size_t>(company_age.count() - 1);
  for (std::size_t i = 0; i < inquiries; ++i) {
    add_inquiry(b.world, b.random, b.founded + days((i + 1) * span / inquiries), Changes::random);
  }
  return std::move(b.world);
}

}  // namespace pipeline::source
