// What happens in the world from one day to the next.
//
// What a day changes
// ------------------
// About one row in a hundred: new rows at the end, updates, few deletes. First the calendar acts:
// who has a contract from today on moves in, who has given notice leaves, a contract that ran out
// is renewed. Then staff works: it takes notes, moves tenants along from status to status, lets
// rooms to new people as long as there are fewer than on the first day. All of it happened
// yesterday, for the dump is written in the morning.
//
// Each day draws from its own random numbers (seed and day), so that day N is the same whether it
// is reached today or is reached again next year.
#include <algorithm>
#include <array>

#include "bench/sample_source/stage_of.h"
#include "bench/sample_source/world.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

struct Today {
  World& world;
  Random random;
  Changes changes;
  Date date;
  Date yesterday;
};

/// `permille` of the rows, at least one.
std::size_t share(std::size_t rows, std::size_t permille) {
  return std::max<std::size_t>(1, rows * permille / 1'000);
}

Id pick_tenant(Today& today) {
  return static_cast<Id>(pick(today.random, today.world.tenants.size(), today.changes)) + 1;
}

void set_status(Today& today, Tenant& tenant, int status) {
  tenant.status = status;
  tenant.touched = today.yesterday;
}

/// The lease and the row that repeats it, if there is one.
template <typename Change>
void change_lease(Today& today, Id id, Change change) {
  for (const Id row : {id, today.world.lease(id).duplicate}) {
    if (row == 0) continue;
    change(today.world.lease(row));
    today.world.lease(row).touched = today.yesterday;
  }
}

void touch_house(Today& today, const Lease& lease) {
  today.world.rooms[today.world.room_of(lease)].touched = today.yesterday;
  today.world.apartment_of(lease).touched = today.yesterday;
}

// ---- the calendar -----------------------------------------------------------------------------

void move_in(Today& today, Id id) {
  change_lease(today, id, [](Lease& lease) { lease.stage = LeaseStage::running; });
  touch_house(today, today.world.lease(id));
  set_status(today, today.world.tenant(today.world.lease(id).tenant), 7);
}

void move_out(Today& today, Id id) {
  const Lease& lease = today.world.lease(id);
  Tenant& tenant = today.world.tenant(lease.tenant);
  close_lease(today.world, id, LeaseStage::ended, *lease.moveout, today.yesterday);
  tenant.reason_moveout = static_cast<int>(today.random.between(0, 7));
  set_status(today, tenant, 16);
}

void renew(Today& today, Id id) {
  change_lease(today, id, [](Lease& lease) {
    lease.expiration += days(365);
    lease.is_renewed = true;
  });
  set_status(today, today.world.tenant(today.world.lease(id).tenant), 10);
}

/// Some days after or before a date of the lease the status of the tenant follows, on one of the
/// next days.
struct Settling {
  int from;
  int to;
  LeaseStage stage;
  Date (*due)(const Lease& lease);
};
constexpr std::array<Settling, 5> settlings{{
    {4, 6, LeaseStage::promised, [](const Lease& lease) { return lease.movein - days(14); }},
    {6, 12, LeaseStage::promised, [](const Lease& lease) { return lease.movein - days(4); }},
    {7, 9, LeaseStage::running, [](const Lease& lease) { return lease.movein + days(7); }},
    {14, 15, LeaseStage::notice_given,
     [](const Lease& lease) { return *lease.moveout - days(10); }},
    {16, 17, LeaseStage::ended, [](const Lease& lease) { return *lease.moveout + days(5); }},
}};

void settle_status(Today& today, Id id) {
  constexpr std::size_t within_days = 8;
  const Lease& lease = today.world.lease(id);
  Tenant& tenant = today.world.tenant(lease.tenant);
  if (tenant.lease != id) return;
  for (const Settling& settling : settlings) {
    if (tenant.status != settling.from || lease.stage != settling.stage) continue;
    if (settling.due(lease) > today.yesterday || !today.random.one_in(within_days)) return;
    return set_status(today, tenant, settling.to);
  }
}

void follow_the_calendar(Today& today) {
  // Nothing is added to the list meanwhile.
  for (const Id id : today.world.originals) {
    const Lease& lease = today.world.lease(id);
    if (lease.stage == LeaseStage::promised && lease.movein <= today.yesterday) {
      move_in(today, id);
    } else if (lease.stage == LeaseStage::running && lease.expiration <= today.date) {
      renew(today, id);
    } else if (lease.stage == LeaseStage::notice_given && *lease.moveout <= today.yesterday) {
      move_out(today, id);
    } else {
      settle_status(today, id);
    }
  }
}

// ---- the staff --------------------------------------------------------------------------------

/// Lets a room to a tenant, from some weeks ahead or, for one who changes rooms, from yesterday on.
bool let_room(Today& today, Id tenant, LeaseStage stage) {
  World& world = today.world;
  const Date movein = stage == LeaseStage::running ? today.yesterday
                                                   : today.date + days(today.random.between(1, 25));
  const auto bed = find_bed(world, today.random, movein, true);
  if (!bed) return false;
  const Room& room = world.rooms[world.beds[*bed].room];
  const Lease lease{.tenant = tenant,
                    .bed = *bed,
                    .contract_type = world.tenant(tenant).contract_type,
                    .stage = stage,
                    .decided = std::min(today.yesterday, movein - days(1)),
                    .movein = movein,
                    .expiration = movein + days(365) * static_cast<int>(today.random.between(1, 3)),
                    .rent = room.rent,
                    .condo_fee = room.condo_fee,
                    .created = today.yesterday,
                    .touched = today.yesterday};
  touch_house(today, world.lease(add_lease(world, lease)));
  set_status(today, world.tenant(tenant), stage == LeaseStage::running ? 13 : 4);
  return true;
}

void give_notice(Today& today, Id tenant) {
  --today.world.staying;
  ++today.world.notices;
  change_lease(today, today.world.tenant(tenant).lease, [&](Lease& lease) {
    lease.stage = LeaseStage::notice_given;
    lease.receipt = today.yesterday;
    lease.moveout = today.yesterday + days(30);
  });
  touch_house(today, today.world.lease(today.world.tenant(tenant).lease));
  set_status(today, today.world.tenant(tenant), 14);
}

void change_rooms(Today& today, Id id) {
  const Id old_lease = today.world.tenant(id).lease;
  // A bed that is found while the old one is taken is another one.
  if (!let_room(today, id, LeaseStage::running)) return;
  close_lease(today.world, old_lease, LeaseStage::ended, today.yesterday, today.yesterday);
  today.world.tenant(id).is_transferred = true;
}

void cancel(Today& today, Id id) {
  close_lease(today.world, today.world.tenant(id).lease, LeaseStage::cancelled, today.yesterday,
              today.yesterday);
  set_status(today, today.world.tenant(id), 8);
}

void raise_priority(Tenant& tenant) {
  tenant.renewal_priority = tenant.renewal_priority % 3 + 1;
}

/// Takes a tenant a step further. Dates decide the steps that are not here: moving in and out.
void advance(Today& today, Id id) {
  Tenant& tenant = today.world.tenant(id);
  const auto step = [&](int status) { set_status(today, tenant, status); };
  switch (tenant.status) {
    case 0:
      return step(2);
    case 1:
      return step(17);
    case 2:
      return step(3);
    case 3:
      let_room(today, id, LeaseStage::promised);
      return;
    case 4:
      if (today.random.one_in(8)) return cancel(today, id);
      return step(today.random.one_in(3) ? 5 : 6);
    case 5:
      return step(6);
    case 6:
      return step(12);
    case 7:
      return step(today.random.one_in(3) ? 11 : 9);
    case 10:
    case 11:
    case 13:
      return step(9);
    case 9:
      return today.random.one_in(6) ? change_rooms(today, id) : raise_priority(tenant);
    case 14:
      return step(15);
    case 16:
      return step(17);
    case 8:
    case 17:
      // Who has left or cancelled comes back only rarely.
      return today.random.one_in(8) ? step(0) : raise_priority(tenant);
    default:
      return raise_priority(tenant);
  }
}

void change_tracked(Tenant& tenant, Random& random) {
  switch (random.below(5)) {
    case 0:
      tenant.is_paysle_unpaid = !tenant.is_paysle_unpaid;
      break;
    case 1:
      tenant.is_renewal_ng = !tenant.is_renewal_ng;
      break;
    case 2:
      tenant.is_transferred = !tenant.is_transferred;
      break;
    case 3:
      tenant.agreement_type = tenant.agreement_type % 3 + 1;
      break;
    default:
      // To and from NULL too: a history that compares with = misses that.
      tenant.renewal_priority = tenant.renewal_priority == 0 ? 1 : 0;
  }
}

void work_on_tenants(Today& today) {
  for (std::size_t i = 0, n = share(today.world.tenants.size(), 5); i < n; ++i) {
    const Id id = pick_tenant(today);
    if (i % 4 == 0) {
      advance(today, id);
    } else if (i % 4 == 1) {
      change_tracked(today.world.tenant(id), today.random);
    } else {
      ++today.world.tenant(id).revision;
    }
    today.world.tenant(id).touched = today.yesterday;
  }
}

/// The next tenant of whom `is_wanted` is true, from a drawn one on and round the end; 0 if none
/// is.
template <typename IsWanted>
Id next_tenant(Today& today, IsWanted is_wanted) {
  const std::size_t tenants = today.world.tenants.size();
  const auto start = static_cast<std::size_t>(pick_tenant(today)) - 1;
  for (std::size_t i = 0; i < tenants; ++i) {
    const std::size_t index = (start + i) % tenants;
    if (is_wanted(today.world.tenants[index])) return static_cast<Id>(index) + 1;
  }
  return 0;
}

/// Whether more people may come: not more than on the first day, and some rooms stay empty.
bool has_vacancies(const World& world) {
  return world.staying < world.staying_target &&
         (world.staying + world.notices) * 10 < world.rooms.size() * 9;
}

bool lives_here(const Tenant& tenant) {
  return stage_of(tenant.status) == LeaseStage::running;
}

bool looks_for_a_room(const Tenant& tenant) {
  return !stage_of(tenant.status);
}

/// Every day some who live here give notice, and as many rooms are let again.
void keep_houses_full(Today& today) {
  World& world = today.world;
  const std::size_t flow = std::max<std::size_t>(1, world.tenants.size() / 1'250);
  for (std::size_t i = 0; i < flow && world.staying > world.staying_target / 3; ++i) {
    const Id id = next_tenant(today, lives_here);
    if (id != 0) give_notice(today, id);
  }
  for (std::size_t i = 0; i < 2 * flow && has_vacancies(world); ++i) {
    const Id id = next_tenant(today, looks_for_a_room);
    if (id == 0 || !let_room(today, id, LeaseStage::promised)) break;
  }
}

void welcome_newcomers(Today& today) {
  for (std::size_t i = 0, n = share(today.world.tenants.size(), 2); i < n; ++i) {
    const Id id = add_tenant(today.world, today.random, today.yesterday, 0);
    if (i % 4 == 0 && has_vacancies(today.world)) let_room(today, id, LeaseStage::promised);
  }
}

void work_on_leases(Today& today) {
  World& world = today.world;
  for (std::size_t i = 0, n = share(world.leases.size(), 5); i < n; ++i) {
    Lease& lease = world.leases[pick(today.random, world.leases.size(), today.changes)];
    if (lease.is_deleted) continue;
    ++lease.revision;
    lease.touched = today.yesterday;
  }
}

/// Staff removes some of the repeated leases, the newest first, and makes new ones.
void tidy_up_and_repeat(Today& today) {
  World& world = today.world;
  std::size_t deletes = std::max<std::size_t>(1, world.repetitions / 500);
  std::size_t repeats = deletes + world.repetitions_target / 100;
  for (std::size_t id = world.leases.size(); id > 0 && deletes > 0; --id) {
    Lease& lease = world.leases[id - 1];
    if (lease.original == 0 || lease.is_deleted || !is_unclosed(lease.stage)) continue;
    lease.is_deleted = true;
    world.lease(lease.original).duplicate = 0;
    --world.repetitions;
    --deletes;
  }
  for (; repeats > 0 && world.repetitions < world.repetitions_target; --repeats) {
    const Id tenant = next_tenant(today, [&](const Tenant& candidate) {
      return candidate.status == 9 && world.lease(candidate.lease).duplicate == 0;
    });
    if (tenant == 0) return;
    add_duplicate(world, world.tenant(tenant).lease, today.yesterday);
  }
}

void work_on_houses(Today& today) {
  World& world = today.world;
  for (std::size_t i = 0, n = share(world.rooms.size(), 6); i < n; ++i) {
    Room& room = world.rooms[today.random.below(world.rooms.size())];
    room.rent += today.random.one_in(2) ? 1'000 : -1'000;
    room.touched = today.yesterday;
  }
  for (std::size_t i = 0, n = world.apartments.size() / 100; i < n; ++i) {
    Apartment& apartment = world.apartments[today.random.below(world.apartments.size())];
    ++apartment.revision;
    apartment.touched = today.yesterday;
  }
}

void work_on_inquiries(Today& today) {
  World& world = today.world;
  for (std::size_t i = 0, n = world.inquiries.size() * 6 / 1'000; i < n; ++i) {
    Inquiry& inquiry = world.inquiries[pick(today.random, world.inquiries.size(), today.changes)];
    ++inquiry.revision;
    inquiry.touched = today.yesterday;
  }
  for (std::size_t i = 0, n = share(world.inquiries.size(), 3); i < n; ++i) {
    add_inquiry(world, today.random, today.yesterday, today.changes);
  }
}

}  // namespace

void apply_day(World& world, const SourceOptions& options, int day) {
  Today today{.world = world,
              .random = Random(seed_of(options.seed, "day") + static_cast<std::uint64_t>(day)),
              .changes = options.changes,
              .date = options.date_of(day),
              .yesterday = options.date_of(day - 1)};
  follow_the_calendar(today);
  work_on_tenants(today);
  welcome_newcomers(today);
  keep_houses_full(today);
  work_on_leases(today);
  tidy_up_and_repeat(today);
  work_on_houses(today);
  work_on_inquiries(today);
}

}  // namespace pipeline::source
