#include "bench/sample_source/world.h"

#include <algorithm>

#include "common/base/error.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

bool is_free(const World& world, const Bed& bed, Date movein, bool unclosed) {
  if (bed.free_from > movein) return false;
  const Apartment& house = world.apartments[world.rooms[bed.room].apartment];
  return !unclosed || house.occupied < house.room_count;
}

}  // namespace

std::optional<std::size_t> find_bed(const World& world, Random& random, Date movein,
                                    bool unclosed) {
  constexpr int tries = 24;
  const std::size_t beds = world.beds.size();
  std::size_t index = 0;
  for (int i = 0; i < tries; ++i) {
    index = random.below(beds);
    if (is_free(world, world.beds[index], movein, unclosed)) return index;
  }
  for (std::size_t i = 0; i < beds; ++i) {
    index = (index + 1) % beds;
    if (is_free(world, world.beds[index], movein, unclosed)) return index;
  }
  return std::nullopt;
}

Id add_lease(World& world, const Lease& lease) {
  world.leases.push_back(lease);
  const Id id = static_cast<Id>(world.leases.size());
  world.originals.push_back(id);
  Bed& bed = world.beds[lease.bed];
  Tenant& tenant = world.tenant(lease.tenant);
  if (tenant.first_lease == 0) tenant.first_lease = id;
  tenant.lease = id;
  if (lease.stage == LeaseStage::ended) {
    bed.free_from = *lease.moveout + days(1);
    world.ended.push_back(id);
  }
  if (is_unclosed(lease.stage)) {
    bed.free_from = far_future;
    bed.lease = id;
    ++world.apartment_of(lease).occupied;
    ++(lease.stage == LeaseStage::notice_given ? world.notices : world.staying);
  }
  return id;
}

void close_lease(World& world, Id id, LeaseStage stage, Date moveout, Date touched) {
  Lease& lease = world.lease(id);
  require(is_unclosed(lease.stage), "only an unclosed lease is closed");
  --(lease.stage == LeaseStage::notice_given ? world.notices : world.staying);
  if (lease.duplicate != 0) --world.repetitions;
  Bed& bed = world.beds[lease.bed];
  bed.lease = 0;
  bed.free_from = touched + days(1);
  world.rooms[bed.room].touched = touched;
  Apartment& house = world.apartment_of(lease);
  --house.occupied;
  house.touched = touched;
  if (stage == LeaseStage::ended) world.ended.push_back(id);
  for (const Id row : {id, lease.duplicate}) {
    if (row == 0) continue;
    Lease& closed = world.lease(row);
    closed.stage = stage;
    if (stage == LeaseStage::ended) closed.moveout = moveout;
    closed.touched = touched;
  }
}

void add_duplicate(World& world, Id original, Date touched) {
  Lease copy = world.lease(original);
  require(copy.original == 0 && copy.duplicate == 0, "a lease is repeated once");
  copy.original = original;
  copy.is_renewed = true;
  copy.touched = touched;
  copy.revision = 0;
  world.leases.push_back(copy);
  world.lease(original).duplicate = static_cast<Id>(world.leases.size());
  ++world.repetitions;
}

Id add_tenant(World& world, Random& random, Date created, int status) {
  Tenant tenant;
  tenant.created = tenant.touched = created;
  tenant.status = status;
  tenant.contract_type =
      random.one_in(3) ? static_cast<int>(random.between(0, contract_types - 1)) : 1;
  tenant.agreement_type = static_cast<int>(random.between(1, 3));
  if (!random.one_in(3)) tenant.renewal_priority = static_cast<int>(random.between(1, 3));
  tenant.is_transferred = random.one_in(20);
  tenant.is_renewal_ng = random.one_in(30);
  tenant.is_paysle_unpaid = random.one_in(15);
  world.tenants.push_back(tenant);
  return static_cast<Id>(world.tenants.size());
}

void add_inquiry(World& world, Random& random, Date created, Changes changes) {
  Inquiry inquiry{.created = created, .touched = created};
  const Id tenant = static_cast<Id>(pick(random, world.tenants.size(), changes)) + 1;
  if (!random.one_in(4)) inquiry.tenant = tenant;
  world.inquiries.push_back(inquiry);
  if (inquiry.tenant == 0 || world.tenant(tenant).inquiry != 0) return;
  world.tenant(tenant).inquiry = static_cast<Id>(world.inquiries.size());
  world.tenant(tenant).touched = std::max(world.tenant(tenant).touched, created);
}

void count_day(World& world) {
  world.counts.push_back({.tenants = world.tenants.size(),
                          .leases = world.leases.size(),
                          .originals = world.originals.size(),
                          .ended = world.ended.size(),
                          .inquiries = world.inquiries.size()});
}

World make_world(const SourceOptions& options) {
  World world = first_day(options);
  count_day(world);
  for (int day = 2; day <= options.day; ++day) {
    apply_day(world, options, day);
    count_day(world);
  }
  return world;
}

}  // namespace pipeline::source
