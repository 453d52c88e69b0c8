#include "bench/sample_source/story.h"

// Dirt
// ----
// The dirt of the real database is not drawn but dealt out by id (every 37th name, every 41st ...),
// so that each kind is there at any scale and stays where it is. Zero dates stand only in old rows,
// where later ones have NULL.
//
// All names are made of words such as "sample" and "test"; addresses end in example.com, telephone
// numbers begin with 000.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bench/sample_source/words.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

constexpr std::int64_t lesotho = 77;  // m_nationalities.id of the placeholder
constexpr int nationalities = 200;

template <typename T>
const T& element(const std::vector<T>& all, Id id) {
  return all[static_cast<std::size_t>(id) - 1];
}

template <std::size_t count>
std::string word_of(const std::array<std::string_view, count>& words, std::int64_t n) {
  return text(words[static_cast<std::size_t>(n) % count]);
}

/// The first half of the rows of day 1.
bool is_old(Id id, std::size_t first_day_rows) {
  return static_cast<std::size_t>(id) <= first_day_rows / 2;
}

void stamp(Row& row, ToldCells& cells, Date created, Date touched) {
  row.created = office_hour(row.key, created);
  row.updated = std::max(row.created, office_hour(row.key, touched));
  cells["created_at"] = date_time(row.created);
  cells["updated_at"] = date_time(row.updated);
}

// ---- apartments -------------------------------------------------------------------------------

struct Municipality {
  std::string_view name;
  std::string_view zip_code;
  std::int64_t latitude;  // in 1e-7 degrees
  std::int64_t longitude;
};
constexpr std::array<Municipality, 6> municipalities{{
    {"板橋区", "173-0000", 357'512'000, 1'397'093'000},
    {"足立区", "120-0000", 357'750'000, 1'398'046'000},
    {"江戸川区", "132-0000", 357'067'000, 1'398'683'000},
    {"北区", "114-0000", 357'528'000, 1'397'335'000},
    {"大田区", "144-0000", 355'613'000, 1'397'161'000},
    {"世田谷区", "154-0000", 356'464'000, 1'396'533'000},
}};

void tell_place(Row& row, Random& random, ToldCells& cells) {
  const Municipality& place = municipalities[random.below(municipalities.size())];
  const std::string address = fmt::format("見本町{}丁目{}番{}号", random.between(1, 5),
                                          random.between(1, 30), random.between(1, 20));
  cells["apartment_name"] = text(fmt::format("サンプルハウス{}{}", place.name, row.id));
  cells["prefecture"] = text("東京都");
  cells["municipality"] = text(place.name);
  cells["address"] = text(address);
  cells["full_address"] = text(fmt::format("東京都{}{}", place.name, address));
  cells["zip_code"] = text(place.zip_code);
  cells["latitude"] = decimal(place.latitude + random.between(-90'000, 90'000), 7);
  cells["longitude"] = decimal(place.longitude + random.between(-90'000, 90'000), 7);
  switch (row.id % 12) {
    case 4:  // never located
      cells["latitude"] = cells["longitude"] = null;
      break;
    case 7:  // Osaka
      cells["latitude"] = "34.6937000";
      cells["longitude"] = "135.5023000";
      break;
    case 10:  // the Gulf of Guinea
      cells["latitude"] = cells["longitude"] = "0.0000000";
      break;
    case 11:  // entered the wrong way round
      std::swap(cells["latitude"], cells["longitude"]);
      break;
    default:
      break;
  }
}

// ---- rooms ------------------------------------------------------------------------------------

/// The contracts of the room's beds; the first bed with one counts.
Id current_lease(const World& world, std::size_t room) {
  const auto first = std::lower_bound(world.beds.begin(), world.beds.end(), room,
                                      [](const Bed& bed, std::size_t r) { return bed.room < r; });
  for (auto bed = first; bed != world.beds.end() && bed->room == room; ++bed) {
    if (bed->lease != 0) return bed->lease;
  }
  return 0;
}

int room_status(const World& world, Id lease) {
  if (lease == 0) return 0;
  switch (world.lease(lease).stage) {
    case LeaseStage::promised:
      return 3;
    case LeaseStage::running:
      return 1;
    case LeaseStage::notice_given:
      return 2;
    case LeaseStage::ended:
    case LeaseStage::cancelled:
      return 0;
  }
  return 0;
}

bool tell_room(const World& world, const SourceOptions& options, Row& row, ToldCells& cells) {
  const Room& room = element(world.rooms, row.id);
  Random random(row.key);
  const auto nth = (row.id - 1) / static_cast<Id>(world.apartments.size());
  const auto floor = 1 + nth % 4;
  const Id lease = current_lease(world, static_cast<std::size_t>(row.id) - 1);
  cells["apartment_id"] = number(static_cast<std::int64_t>(room.apartment) + 1);
  cells["room_number"] = text(fmt::format("{}{:02}", floor, nth + 1));
  cells["rent"] = number(room.rent);
  cells["condo_fee"] = number(room.condo_fee);
  cells["total_rent"] = number(room.rent + room.condo_fee);
  cells["floor_area"] = decimal(random.between(550, 1'600));
  cells["room_floor"] = number(floor);
  cells["capacity"] = number(room.capacity);
  cells["gender_type"] = number(random.between(1, 3));
  cells["bed_type"] = number(random.between(1, 3));
  cells["status"] = number(room_status(world, lease));
  if (lease != 0) cells["moving_id"] = number(lease);
  stamp(row, cells, options.date_of(1) - company_age, room.touched);
  return true;
}

// ---- m_nationalities --------------------------------------------------------------------------

bool nationalities_missing(int day) {
  return day % 10 == 2;  // the export of the real table fails now and then
}

std::string nationality_name(std::int64_t id) {
  const auto index = static_cast<std::size_t>(id - 1);
  if (id == lesotho) return "レソト";
  return index < country_names.size() ? std::string(country_names[index])
                                      : fmt::format("見本国{:03}", id);
}

bool tell_nationality(const World&, const SourceOptions& options, Row& row, ToldCells& cells) {
  cells["nationality_name"] = text(nationality_name(row.id));
  cells["nationality_name_en"] = text(fmt::format("Sample Country {:03}", row.id));
  cells["code"] = text(fmt::format("{:03}", row.id));
  cells["region"] = text(row.id % 3 == 0 ? "アジア" : "その他");
  cells["sort_order"] = number(row.id);
  cells["is_active"] = flag(row.id % 50 != 0);
  cells["updated_by"] = text("system");
  const Date founded = options.date_of(1) - company_age;
  stamp(row, cells, founded, founded);
  return true;
}

// ---- tenants ----------------------------------------------------------------------------------

/// Overwrites some cells by dirt, decided by the id alone.
void soil_tenant(Id id, bool old, ToldCells& cells) {
  const auto dirt = [&] { return word_of(not_a_value, id); };
  if (id % 37 == 5) cells["full_name"] = dirt();
  if (id % 41 == 3) {
    cells["full_name"] = cells["last_name"] = cells["first_name"] = text("*");
  }
  if (id % 13 == 2) cells["personal_identity"] = dirt();
  if (id % 11 == 4) cells["affiliation"] = dirt();
  if (id % 17 == 6) cells["nationality"] = dirt();
  if (id % 19 == 8) {
    cells["nationality"] = text("レソト");
    cells["m_nationality_id"] = number(lesotho);
  }
  if (id % 29 == 1) cells["age"] = number(id % 2 == 0 ? 0 : 126);
  if (old && id % 43 == 9) cells["birth_date"] = zero_date;
  if (old && id % 47 == 10) cells["first_movein_date"] = zero_date;
}

void tell_person(const Tenant& tenant, Row& row, Random& random, ToldCells& cells) {
  const std::size_t name = random.below(sample_last_names.size());
  const bool foreign = random.one_in(3);
  const std::string last = foreign ? "Sample" : std::string(sample_last_names[name]);
  const std::string first =
      foreign ? fmt::format("O'Test {}", row.id) : fmt::format("太郎{}", row.id);
  const auto age = random.between(18, 45);
  const std::int64_t nationality = foreign ? random.between(2, 60) : 1;
  cells["last_name"] = text(last);
  cells["first_name"] = text(first);
  cells["full_name"] = text(fmt::format("{} {}", last, first));
  cells["full_name_kana"] = text(fmt::format("{} タロウ{}", sample_last_names_kana[name], row.id));
  cells["gender_type"] = number(random.between(1, 3));
  cells["birth_date"] = date(tenant.created - days(age * 365 + random.between(0, 364)));
  cells["age"] = number(age);
  cells["m_nationality_id"] = number(nationality);
  cells["nationality"] = text(nationality_name(nationality));
  cells["m_language_id_1"] = number(foreign ? random.between(2, 9) : 1);
  cells["personal_identity"] = text(number(random.between(1, 8)));
  cells["affiliation"] = text(fmt::format("株式会社見本{}", random.between(1, 200)));
  cells["affiliation_type"] = number(random.between(1, 18));
  cells["affiliation_status"] = number(random.between(1, 4));
  cells["media_id"] = number(random.between(1, 20));
  cells["email_1"] = text(fmt::format("tenant{}@example.com", row.id));
  cells["tel_1"] = text(fmt::format("000-0000-{:04}", row.id % 10'000));
  cells["account_number"] = text(fmt::format("{:07}", row.id));
  if (random.one_in(9)) cells["email_2"] = text(fmt::format("second{}@example.com", row.id));
  if (random.one_in(7)) cells["tel_2"] = text(fmt::format("000-0001-{:04}", row.id % 10'000));
  if (tenant.contract_type >= 2 && tenant.contract_type <= 4) {
    cells["corporate_name"] = text(fmt::format("見本法人{}", random.between(1, 30)));
  }
}

void tell_state(const Tenant& tenant, ToldCells& cells) {
  cells["status"] = number(tenant.status);
  cells["contract_type"] = number(tenant.contract_type);
  cells["agreement_type"] = number(tenant.agreement_type);
  if (tenant.reason_moveout) cells["reason_moveout"] = number(*tenant.reason_moveout);
  cells["is_transferred"] = flag(tenant.is_transferred);
  cells["is_renewal_ng"] = flag(tenant.is_renewal_ng);
  cells["is_paysle_unpaid"] = flag(tenant.is_paysle_unpaid);
  if (tenant.renewal_priority != 0) cells["renewal_priority"] = number(tenant.renewal_priority);
  if (tenant.inquiry != 0) cells["inquiry_id"] = number(tenant.inquiry);
}

void tell_contract(const World& world, const Tenant& tenant, ToldCells& cells) {
  if (tenant.lease == 0) return;
  const Lease& lease = world.lease(tenant.lease);
  cells["moving_id"] = cells["under_contract_id"] = number(tenant.lease);
  cells["first_movein_date"] = date(world.lease(tenant.first_lease).movein);
  cells["renewal_deadline_date"] = date(lease.expiration);
  if (lease.is_renewed) cells["renewal_movein_date"] = date(lease.expiration - days(365));
}

bool tell_tenant_row(const World& world, const SourceOptions&, Row& row, ToldCells& cells) {
  const Tenant& tenant = element(world.tenants, row.id);
  Random random(row.key);
  tell_person(tenant, row, random, cells);
  tell_state(tenant, cells);
  tell_contract(world, tenant, cells);
  if (tenant.revision != 0) {
    cells["note"] = text(fmt::format("更新 {}\n{}行目", tenant.revision, random.between(2, 9)));
  } else if (row.id % 9 == 0) {
    cells["note"] = word_of(awkward_notes, row.id / 9);
  }
  row.change = tenant.revision;
  stamp(row, cells, tenant.created, tenant.touched);
  soil_tenant(row.id, is_old(row.id, world.counts.front().tenants), cells);
  return true;
}

// ---- movings ----------------------------------------------------------------------------------

void tell_end(const Lease& lease, Random& random, ToldCells& cells) {
  // The three dates came into use one after another; older rows have only the older ones.
  if (!random.one_in(4)) cells["moveout_date_integrated"] = date(*lease.moveout);
  if (!random.one_in(4)) cells["moveout_plans_date"] = date(*lease.moveout);
  cells["moveout_date"] = date(*lease.moveout);
  cells["moveout_fee"] = decimal(random.between(10'000, 60'000) * 100);
  cells["moveout_inspection_on"] = cells["key_returned_on"] = date(*lease.moveout);
  cells["moveout_settlement_on"] = date(*lease.moveout);
  cells["moveout_inspector"] = text(fmt::format("見本 太郎{}", random.between(1, 99)));
  cells["moveout_time"] =
      fmt::format("'{:02}:{:02}:00'", random.between(9, 18), random.between(0, 3) * 15);
}

void tell_stage(const Lease& lease, Random& random, ToldCells& cells) {
  if (lease.receipt) cells["moveout_receipt_date"] = date(*lease.receipt);
  switch (lease.stage) {
    case LeaseStage::promised:
    case LeaseStage::running:
      break;
    case LeaseStage::notice_given:
      cells["moveout_plans_date"] = cells["moveout_date_integrated"] = date(*lease.moveout);
      break;
    case LeaseStage::ended:
      tell_end(lease, random, cells);
      break;
    case LeaseStage::cancelled:
      cells["cancel_flag"] = flag(true);
      break;
  }
  // A cancelled contract is closed too: nobody waits for it to end.
  if (!is_unclosed(lease.stage)) cells["is_moveout"] = flag(true);
}

void soil_moving(Id id, ToldCells& cells) {
  if (id % 31 == 12) {
    for (const std::string_view column : {"moveout_date", "moveout_date_integrated"}) {
      if (cells[column] == null) cells[column] = zero_date;
    }
  }
  if (id % 53 == 20) cells["movein_decided_date"] = zero_date_time;
}

bool tell_moving(const World& world, const SourceOptions& options, Row& row, ToldCells& cells) {
  const Lease& lease = world.lease(row.id);
  if (lease.is_deleted) return false;
  // A repeated contract has the figures of the one it repeats.
  const Id shared = lease.original == 0 ? row.id : lease.original;
  Random random(mixed(seed_of(options.seed, "lease") + static_cast<std::uint64_t>(shared)));
  const std::size_t room = world.room_of(lease);
  cells["tenant_id"] = number(lease.tenant);
  cells["apartment_id"] = number(static_cast<Id>(world.rooms[room].apartment) + 1);
  cells["room_id"] = number(static_cast<Id>(room) + 1);
  cells["moving_agreement_type"] = cells["tenant_contract_type"] = number(lease.contract_type);
  cells["movein_decided_date"] = date_time(office_hour(random.next(), lease.decided));
  cells["movein_date"] = cells["original_movein_date"] = date(lease.movein);
  cells["rent_start_date"] = cells["movein_date"];
  cells["expiration_date"] = date(lease.expiration);
  cells["move_renew_flag"] = flag(lease.is_renewed);
  cells["cancel_flag"] = cells["is_moveout"] = flag(false);
  cells["rent"] = number(lease.rent);
  cells["condo_fee"] = number(lease.condo_fee);
  cells["administrative_fee"] = decimal(random.between(0, 3) * 550'050);
  tell_stage(lease, random, cells);
  if (lease.revision != 0) {
    cells["remarks"] = text(fmt::format("確認済み「{}」\t'ok'\\", lease.revision));
  } else if (row.id % 7 == 0) {
    cells["remarks"] = word_of(awkward_notes, row.id / 7);
  }
  row.change = lease.revision;
  stamp(row, cells, lease.created, lease.touched);
  if (is_old(row.id, world.counts.front().leases)) soil_moving(row.id, cells);
  return true;
}

// ---- inquiries --------------------------------------------------------------------------------

bool tell_inquiry(const World& world, const SourceOptions&, Row& row, ToldCells& cells) {
  const Inquiry& inquiry = element(world.inquiries, row.id);
  if (inquiry.tenant != 0) cells["tenant_id"] = number(inquiry.tenant);
  cells["message"] = word_of(awkward_notes, row.id + inquiry.revision);
  stamp(row, cells, inquiry.created, inquiry.touched);
  cells["inquiry_date"] = cells["created_at"];
  return true;
}

bool tell_apartment_row(const World& world, const SourceOptions& options, Row& row,
                        ToldCells& cells) {
  tell_apartment(world, options, row, cells);
  return true;
}

template <typename Count>
Id counted(const World& world, int day, Count count) {
  return static_cast<Id>(world.counts[static_cast<std::size_t>(day) - 1].*count);
}

constexpr std::array<Story, 6> stories{{
    {"apartments", [](const World& world, int) { return static_cast<Id>(world.apartments.size()); },
     tell_apartment_row},
    {"rooms", [](const World& world, int) { return static_cast<Id>(world.rooms.size()); },
     tell_room},
    {"m_nationalities",
     [](const World&, int day) {
       return static_cast<Id>(nationalities_missing(day) ? 0 : nationalities);
     },
     tell_nationality},
    {"tenants",
     [](const World& world, int day) { return counted(world, day, &World::Counts::tenants); },
     tell_tenant_row},
    {"movings",
     [](const World& world, int day) { return counted(world, day, &World::Counts::leases); },
     tell_moving},
    {"inquiries",
     [](const World& world, int day) { return counted(world, day, &World::Counts::inquiries); },
     tell_inquiry},
}};

}  // namespace

const Story* story_of(std::string_view table) {
  const auto found = std::find_if(stories.begin(), stories.end(),
                                  [&](const Story& story) { return story.table == table; });
  return found == stories.end() ? nullptr : &*found;
}

void tell_tenant(const World& world, const SourceOptions& options, Row& row, ToldCells& cells) {
  tell_tenant_row(world, options, row, cells);
}

void tell_apartment(const World& world, const SourceOptions& options, Row& row, ToldCells& cells) {
  const Apartment& apartment = element(world.apartments, row.id);
  Random random(row.key);
  tell_place(row, random, cells);
  cells["unique_number"] = text(fmt::format("HJ{:05}", row.id));
  cells["apartment_name_en"] = text(fmt::format("Sample House {}", row.id));
  if (row.id % 5 == 0) cells["apartment_name_old"] = text(fmt::format("旧見本荘{}", row.id));
  cells["room_count"] = number(apartment.room_count);
  cells["vacancy_room_count"] = number(apartment.room_count - apartment.occupied);
  cells["occupied_room_count"] = number(apartment.occupied);
  cells["apartment_type"] = number(random.between(1, 3));
  cells["building_type"] = number(random.between(1, 4));
  cells["status"] = number(1);
  cells["facilities"] = text(fmt::format(
      R"({{"wifi": {}, "駅徒歩": {}, "設備": ["洗濯機", "\"共用\"キッチン"], "備考": "a\\b"}})",
      random.one_in(3) ? "false" : "true", random.between(2, 20)));
  row.change = apartment.revision;
  stamp(row, cells, options.date_of(1) - company_age, apartment.touched);
}

}  // namespace pipeline::source
