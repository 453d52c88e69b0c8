#include "bench/make_source_data.h"

// How the data is made
// --------------------
// Rows are drawn in the order of their ids, from random numbers that only the seed decides, so
// that a row keeps its values from day to day unless a day changes it. A tenant has a status; the
// status decides which contracts (movings) the tenant has and how far they have gone. The dirt of
// the real database is not drawn but dealt out by id (every 37th name, every 41st ...), so that
// each kind is there at any scale and stays where it is.
//
// All names are made of words such as "sample" and "test"; addresses end in example.com, telephone
// numbers begin with 000.

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "common/base/clock.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

constexpr days company_age{3'600};
constexpr int tenant_statuses = 18;
constexpr int contract_types = 10;
constexpr int nationalities = 200;
constexpr std::int64_t lesotho = 77;  // m_nationalities.id of the placeholder

/// Rows of one table: the real volume times the scale, but never below what holds all the dirt.
std::size_t volume(double real_rows, double scale, std::size_t at_least) {
  return std::max(at_least, static_cast<std::size_t>(std::ceil(real_rows * scale)));
}

constexpr std::array<std::string_view, 8> sample_last_names{"見本", "例示", "試験", "仮名",
                                                            "架空", "模擬", "匿名", "合成"};
constexpr std::array<std::string_view, 8> sample_last_names_kana{
    "ミホン", "レイジ", "シケン", "カメイ", "カクウ", "モギ", "トクメイ", "ゴウセイ"};
constexpr std::array<std::string_view, 5> not_a_value{"NULL", "null", "--", "", "NULL"};

constexpr std::array<std::string_view, 12> country_names{
    "日本",     "中国",   "韓国",   "台湾", "ベトナム", "アメリカ",
    "フランス", "ドイツ", "インド", "タイ", "ネパール", "ブラジル"};

// What a parser of dumps trips over: quotes, backslashes, line breaks, tabs, comment signs, the end
// of a row and of a statement inside a string, and characters outside the basic plane.
constexpr std::array<std::string_view, 8> notes{
    "内見希望。\n連絡は平日18時以降。",
    "It's \"quoted\", isn't it? C:\\temp\\new",
    "列1\t列2\t列3\r\n末尾",
    "鍵渡し済み😀🏠 𠮷日を希望",
    "),('not a row'); DROP TABLE nothing; -- 続き",
    "/*!40000 not a comment */ # -- `x`",
    "\\N",
    "100%_ok \\% \\_ 終わり\\",
};

struct Municipality {
  std::string_view name;
  std::string_view zip_code;
  std::int64_t latitude;  // in 1e-7 degrees
  std::int64_t longitude;
};
constexpr std::array<Municipality, 6> municipalities{{
    {"板橋区", "173-0000", 356'512'000, 1'397'093'000},
    {"足立区", "120-0000", 357'750'000, 1'398'046'000},
    {"江戸川区", "132-0000", 357'067'000, 1'398'683'000},
    {"北区", "114-0000", 357'528'000, 1'397'335'000},
    {"大田区", "144-0000", 355'613'000, 1'397'161'000},
    {"世田谷区", "154-0000", 356'464'000, 1'396'533'000},
}};

std::string degrees(std::int64_t ten_millionths) {
  return fmt::format("{}.{:07}", ten_millionths / 10'000'000, ten_millionths % 10'000'000);
}

void add_apartment(SourceDatabase& db, Random& random, Date created) {
  RowView row = db.apartments.append();
  const std::int64_t id = db.apartments.last_id();
  const Municipality& place = municipalities[random.below(municipalities.size())];
  const std::string address = fmt::format("見本町{}丁目{}番{}号", random.between(1, 5),
                                          random.between(1, 30), random.between(1, 20));
  row["unique_number"] = text(fmt::format("HJ{:05}", id));
  row["apartment_name"] = text(fmt::format("サンプルハウス{}{}", place.name, id));
  row["apartment_name_en"] = text(fmt::format("Sample House {}", id));
  if (id % 5 == 0) row["apartment_name_old"] = text(fmt::format("旧見本荘{}", id));
  row["prefecture"] = text("東京都");
  row["municipality"] = text(place.name);
  row["address"] = text(address);
  row["full_address"] = text(fmt::format("東京都{}{}", place.name, address));
  row["zip_code"] = text(place.zip_code);
  row["latitude"] = degrees(place.latitude + random.between(-90'000, 90'000));
  row["longitude"] = degrees(place.longitude + random.between(-90'000, 90'000));
  switch (id % 12) {
    case 4:  // never located
      row["latitude"] = row["longitude"] = null;
      break;
    case 7:  // Osaka
      row["latitude"] = "34.6937000";
      row["longitude"] = "135.5023000";
      break;
    case 10:  // the Gulf of Guinea
      row["latitude"] = row["longitude"] = "0.0000000";
      break;
    case 11:  // entered the wrong way round
      std::swap(row["latitude"], row["longitude"]);
      break;
    default:
      break;
  }
  row["vacancy_room_count"] = number(random.between(0, 4));
  row["apartment_type"] = number(random.between(1, 3));
  row["building_type"] = number(random.between(1, 4));
  row["status"] = number(1);
  row["facilities"] = text(fmt::format(
      R"({{"wifi": {}, "駅徒歩": {}, "設備": ["洗濯機", "\"共用\"キッチン"], "備考": "a\\b"}})",
      random.one_in(3) ? "false" : "true", random.between(2, 20)));
  row["created_at"] = row["updated_at"] = date_time(created, office_hour(random));
}

void add_room(SourceDatabase& db, Random& random, Date created) {
  RowView row = db.rooms.append();
  const auto id = static_cast<std::size_t>(db.rooms.last_id());
  const std::size_t apartment = (id - 1) % db.apartments.row_count();
  const auto nth = static_cast<int>((id - 1) / db.apartments.row_count());
  const int floor = 1 + nth % 4;
  row["apartment_id"] = number(static_cast<std::int64_t>(apartment) + 1);
  row["room_number"] = text(fmt::format("{}{:02}", floor, nth + 1));
  row["rent"] = number(random.between(28, 75) * 1'000);
  row["condo_fee"] = number(random.between(8, 15) * 1'000);
  row["floor_area"] = decimal(random.between(550, 1'600));
  row["room_floor"] = number(floor);
  row["capacity"] = number(random.one_in(10) ? 2 : 1);
  row["gender_type"] = number(random.between(1, 3));
  row["bed_type"] = number(random.between(1, 3));
  row["status"] = number(0);
  row["created_at"] = row["updated_at"] = date_time(created, office_hour(random));
}

void add_nationalities(SourceDatabase& db, Date created) {
  for (int i = 1; i <= nationalities; ++i) {
    RowView row = db.nationalities.append();
    const auto index = static_cast<std::size_t>(i - 1);
    if (i == lesotho) {
      row["nationality_name"] = text("レソト");
    } else {
      row["nationality_name"] =
          text(index < country_names.size() ? std::string(country_names[index])
                                            : fmt::format("見本国{:03}", i));
    }
    row["nationality_name_en"] = text(fmt::format("Sample Country {:03}", i));
    row["code"] = text(fmt::format("{:03}", i));
    row["region"] = text(i % 3 == 0 ? "アジア" : "その他");
    row["sort_order"] = number(i);
    row["is_active"] = flag(i % 50 != 0);
    row["updated_by"] = text("system");
    row["created_at"] = row["updated_at"] = date_time(created, std::chrono::hours(10));
  }
}

/// Overwrites some cells of a tenant by the dirt of the real database, decided by the id alone.
void soil_tenant(RowView& row, std::int64_t id) {
  const auto dirt = [&] { return text(not_a_value[static_cast<std::size_t>(id) % 5]); };
  if (id % 37 == 5) row["full_name"] = dirt();
  if (id % 41 == 3) row["full_name"] = row["last_name"] = row["first_name"] = text("*");
  if (id % 13 == 2) row["personal_identity"] = dirt();
  if (id % 11 == 4) row["affiliation"] = dirt();
  if (id % 17 == 6) row["nationality"] = dirt();
  if (id % 19 == 8) {
    row["nationality"] = text("レソト");
    row["m_nationality_id"] = number(lesotho);
  }
  if (id % 29 == 1) row["age"] = number(id % 2 == 0 ? 0 : 126);
  if (id % 43 == 9) row["birth_date"] = zero_date;
  if (id % 47 == 10) row["first_movein_date"] = zero_date;
}

enum class LeaseStage { none, promised, running, notice_given, ended, cancelled };

LeaseStage lease_stage_of(int status) {
  switch (status) {
    case 4:
    case 5:
    case 6:
    case 12:
      return LeaseStage::promised;
    case 7:
    case 9:
    case 10:
    case 11:
    case 13:
      return LeaseStage::running;
    case 14:
    case 15:
      return LeaseStage::notice_given;
    case 1:
    case 16:
    case 17:
      return LeaseStage::ended;
    case 8:
      return LeaseStage::cancelled;
    default:
      return LeaseStage::none;
  }
}

struct Lease {
  std::int64_t tenant_id;
  int contract_type;
  LeaseStage stage;
  Date decided;
  Date today;
};

void end_lease(RowView& row, Random& random, Date moved_out) {
  // The three dates came into use one after another; older rows have only the older ones.
  if (!random.one_in(4)) row["moveout_date_integrated"] = date(moved_out);
  if (!random.one_in(4)) row["moveout_plans_date"] = date(moved_out);
  row["moveout_date"] = date(moved_out);
  row["moveout_receipt_date"] = date(moved_out - days(random.between(1, 40)));
  row["moveout_fee"] = decimal(random.between(10'000, 60'000) * std::int64_t{100});
  row["is_moveout"] = flag(true);
}

RowView add_moving(SourceDatabase& db, Random& random, const Lease& lease) {
  RowView row = db.movings.append();
  const std::int64_t id = db.movings.last_id();
  RowView room = db.rooms.row(random.below(db.rooms.row_count()));
  const Date movein = lease.decided + days(random.between(5, 30));
  row["tenant_id"] = number(lease.tenant_id);
  row["apartment_id"] = room["apartment_id"];
  row["room_id"] = room["id"];
  row["moving_agreement_type"] = row["tenant_contract_type"] = number(lease.contract_type);
  row["movein_decided_date"] = date_time(lease.decided, office_hour(random));
  row["movein_date"] = row["original_movein_date"] = row["rent_start_date"] = date(movein);
  row["expiration_date"] = date(movein + days(365 * random.between(1, 3)));
  row["move_renew_flag"] = flag(random.one_in(8));
  row["cancel_flag"] = row["is_moveout"] = flag(false);
  row["rent"] = room["rent"];
  row["condo_fee"] = room["condo_fee"];
  row["administrative_fee"] = decimal(random.between(0, 3) * std::int64_t{550'050});
  if (id % 7 == 0) row["remarks"] = text(notes[random.below(notes.size())]);
  const Date changed =
      std::min(lease.decided + days(random.between(0, 200)), lease.today - days(1));
  row["created_at"] = date_time(lease.decided, office_hour(random));
  row["updated_at"] = date_time(std::max(changed, lease.decided), office_hour(random));
  switch (lease.stage) {
    case LeaseStage::none:
    case LeaseStage::promised:
      break;
    case LeaseStage::running:
      room["moving_id"] = number(id);
      room["status"] = number(1);
      break;
    case LeaseStage::notice_given: {
      const Date received = std::max(lease.today - days(random.between(1, 25)), movein);
      row["moveout_receipt_date"] = date(received);
      row["moveout_plans_date"] = row["moveout_date_integrated"] = date(received + days(30));
      room["moving_id"] = number(id);
      room["status"] = number(2);
      break;
    }
    case LeaseStage::ended:
      end_lease(row, random,
                std::min(movein + days(random.between(30, 900)), lease.today - days(2)));
      break;
    case LeaseStage::cancelled:
      row["cancel_flag"] = flag(true);
      break;
  }
  // Old rows hold zero dates where later ones hold NULL.
  if (id % 31 == 12) {
    for (const std::string_view column : {"moveout_date", "moveout_date_integrated"}) {
      if (row.is_null(column)) row[column] = zero_date;
    }
  }
  if (id % 53 == 20) row["movein_decided_date"] = zero_date_time;
  return row;
}

/// The contracts that the status implies: sometimes an earlier room, then the current one.
void add_leases(SourceDatabase& db, Random& random, RowView& tenant, Date created, Date today) {
  const LeaseStage stage = lease_stage_of(static_cast<int>(tenant.number("status")));
  if (stage == LeaseStage::none) return;
  if (stage == LeaseStage::cancelled && tenant.number("id") % 2 == 0) return;
  Lease lease{.tenant_id = tenant.number("id"),
              .contract_type = static_cast<int>(tenant.number("contract_type")),
              .stage = stage,
              .decided = std::min(created + days(random.between(0, 12)), today - days(1)),
              .today = today};
  // The longest wait for a room is 30 days, and who has lived here did so for some days.
  if (stage != LeaseStage::promised && stage != LeaseStage::cancelled) {
    lease.decided = std::min(lease.decided, today - days(40));
  }
  if (random.one_in(4) && today - lease.decided > days(400)) {
    Lease earlier = lease;
    earlier.stage = LeaseStage::ended;
    earlier.decided -= days(200);
    add_moving(db, random, earlier);
  }
  RowView moving = add_moving(db, random, lease);
  tenant["moving_id"] = moving["id"];
  tenant["under_contract_id"] = moving["id"];
  tenant["first_movein_date"] = moving["movein_date"];
  tenant["renewal_deadline_date"] = moving["expiration_date"];
  if (stage == LeaseStage::ended) tenant["reason_moveout"] = number(random.between(0, 7));
}

int draw_status(Random& random, std::int64_t id) {
  // Every code exists at any scale; beside that most have left, and most others live here.
  if (id % 11 == 0) return static_cast<int>(id / 11 % tenant_statuses);
  const std::size_t draw = random.below(100);
  if (draw < 52) return 17;
  if (draw < 85) return 9;
  if (draw < 90) return 8;
  return random.between(0, tenant_statuses - 1);
}

void add_duplicate_moving(SourceDatabase& db, Random& random, Date today) {
  // Only an unclosed contract is duplicated; give up on a tenant without one and take the next.
  for (std::size_t i = random.below(db.tenants.row_count());;
       i = (i + 1) % db.tenants.row_count()) {
    RowView tenant = db.tenants.row(i);
    if (lease_stage_of(static_cast<int>(tenant.number("status"))) != LeaseStage::running) continue;
    const std::int64_t original_id = tenant.number("moving_id");
    RowView copy = db.movings.append();
    RowView original = db.movings.row_of_id(original_id);
    for (const std::string_view column :
         {"tenant_id", "apartment_id", "room_id", "moving_agreement_type", "tenant_contract_type",
          "movein_decided_date", "movein_date", "original_movein_date", "rent_start_date",
          "expiration_date", "rent", "condo_fee", "administrative_fee", "created_at"}) {
      copy[column] = original[column];
    }
    copy["move_renew_flag"] = flag(true);
    copy["cancel_flag"] = copy["is_moveout"] = flag(false);
    copy["updated_at"] = date_time(today - days(random.between(30, 300)), office_hour(random));
    db.duplicate_movings.push_back(db.movings.last_id());
    return;
  }
}

}  // namespace

std::chrono::seconds office_hour(Random& random) {
  return std::chrono::hours(9) + std::chrono::seconds(random.between(0, 10 * 3'600));
}

RowView add_tenant(SourceDatabase& db, Random& random, Date created, Date today, int status) {
  RowView row = db.tenants.append();
  const std::int64_t id = db.tenants.last_id();
  const std::size_t name = random.below(sample_last_names.size());
  const bool foreign = random.one_in(3);
  const std::string last = foreign ? "Sample" : std::string(sample_last_names[name]);
  const std::string first = foreign ? fmt::format("O'Test {}", id) : fmt::format("太郎{}", id);
  const int age = random.between(18, 45);
  const int contract_type = random.one_in(3) ? random.between(0, contract_types - 1) : 1;
  const int nationality = foreign ? random.between(2, 60) : 1;
  row["last_name"] = text(last);
  row["first_name"] = text(first);
  row["full_name"] = text(fmt::format("{} {}", last, first));
  row["full_name_kana"] = text(fmt::format("{} タロウ{}", sample_last_names_kana[name], id));
  row["gender_type"] = number(random.between(1, 3));
  row["birth_date"] = date(created - days(age * 365 + random.between(0, 364)));
  row["age"] = number(age);
  row["m_nationality_id"] = number(nationality);
  row["nationality"] =
      text(nationality <= static_cast<int>(country_names.size())
               ? std::string(country_names[static_cast<std::size_t>(nationality - 1)])
               : fmt::format("見本国{:03}", nationality));
  row["m_language_id_1"] = number(foreign ? random.between(2, 9) : 1);
  row["personal_identity"] = text(number(random.between(1, 8)));
  row["affiliation"] = text(fmt::format("株式会社見本{}", random.between(1, 200)));
  row["affiliation_type"] = number(random.between(1, 18));
  row["affiliation_status"] = number(random.between(1, 4));
  row["status"] = number(status);
  row["contract_type"] = number(contract_type);
  row["agreement_type"] = number(random.between(1, 3));
  if (contract_type >= 2 && contract_type <= 4) {
    row["corporate_name"] = text(fmt::format("見本法人{}", random.between(1, 30)));
  }
  row["media_id"] = number(random.between(1, 20));
  row["is_transferred"] = flag(random.one_in(20));
  row["is_renewal_ng"] = flag(random.one_in(30));
  row["is_paysle_unpaid"] = flag(random.one_in(15));
  if (!random.one_in(3)) row["renewal_priority"] = number(random.between(1, 3));
  row["email_1"] = text(fmt::format("tenant{}@example.com", id));
  row["tel_1"] = text(fmt::format("000-0000-{:04}", id % 10'000));
  row["account_number"] = text(fmt::format("{:07}", id));
  if (id % 9 == 0) row["note"] = text(notes[static_cast<std::size_t>(id / 9) % notes.size()]);
  row["created_at"] = date_time(created, office_hour(random));
  const Date changed = std::min(created + days(random.between(0, 400)), today - days(1));
  row["updated_at"] = date_time(std::max(changed, created), office_hour(random));
  add_leases(db, random, row, created, today);
  soil_tenant(row, id);
  return row;
}

void add_payment(SourceDatabase& db, Random& random, std::size_t moving_index, Date paid_on) {
  RowView moving = db.movings.row(moving_index);
  RowView row = db.payments.append();
  row["payment_year"] = number(static_cast<int>(std::chrono::year_month_day(paid_on).year()));
  row["tenant_id"] = moving["tenant_id"];
  row["moving_id"] = moving["id"];
  row["paid_on"] = date(paid_on);
  row["payment_type"] = number(random.between(1, 5));
  row["amount"] = decimal((moving.number("rent") + moving.number("condo_fee")) * 100 +
                          random.between(0, 1) * 50);
  row["is_confirmed"] = flag(!random.one_in(20));
  if (random.one_in(25)) row["memo"] = text(notes[random.below(notes.size())]);
  row["recorded_at"] = row["created_at"] = row["updated_at"] =
      date_time(paid_on, office_hour(random));
}

void add_inquiry(SourceDatabase& db, Random& random, Date inquired_on) {
  RowView tenant = db.tenants.row(random.recent(db.tenants.row_count()));
  RowView row = db.inquiries.append();
  if (!random.one_in(4)) row["tenant_id"] = tenant["id"];
  row["inquiry_date"] = row["created_at"] = row["updated_at"] =
      date_time(inquired_on, office_hour(random));
  row["message"] = text(notes[static_cast<std::size_t>(db.inquiries.last_id()) % notes.size()]);
}

SourceDatabase first_day(const SourceOptions& options, Date today) {
  SourceDatabase db;
  Random random(options.seed);
  const Date founded = today - company_age;
  // The nth of `count` rows, spread evenly over the company's life, the last one yesterday.
  const auto spread = [&](std::size_t nth, std::size_t count) {
    const auto span = static_cast<std::size_t>(company_age.count() - 1);
    return founded + days(static_cast<int>((nth + 1) * span / count));
  };

  const std::size_t apartments = volume(1'131, options.scale, 12);
  for (std::size_t i = 0; i < apartments; ++i) add_apartment(db, random, founded);
  const std::size_t rooms = volume(16'176, options.scale, 60);
  for (std::size_t i = 0; i < rooms; ++i) add_room(db, random, founded);
  for (std::size_t i = 0; i < apartments; ++i) {
    db.apartments.row(i)["room_count"] = number(static_cast<std::int64_t>(rooms / apartments));
  }
  add_nationalities(db, founded);
  const std::size_t tenants = volume(47'775, options.scale, 240);
  for (std::size_t i = 0; i < tenants; ++i) {
    const int status = draw_status(random, static_cast<std::int64_t>(i) + 1);
    add_tenant(db, random, spread(i, tenants), today, status);
  }
  const std::size_t duplicates = volume(3'500, options.scale, 10);
  for (std::size_t i = 0; i < duplicates; ++i) add_duplicate_moving(db, random, today);
  const std::size_t inquiries = volume(719, options.scale, 60);
  for (std::size_t i = 0; i < inquiries; ++i) add_inquiry(db, random, spread(i, inquiries));
  const std::size_t payments = volume(974'555, options.scale, 1'500);
  for (std::size_t i = 0; i < payments; ++i) {
    add_payment(db, random, i * db.movings.row_count() / payments, spread(i, payments));
  }
  return db;
}

}  // namespace pipeline::source
