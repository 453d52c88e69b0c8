// How the sample source changes from one day to the next.
#include "bench/make_source_data.h"

// What a day changes
// ------------------
// About one row in a hundred: new rows at the end, updates of mostly recent rows, few deletes.
// Each day draws from its own random numbers (seed and date), so that day N is the same whether
// it was reached today or is reached again next year.

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace pipeline::source {
namespace {

using std::chrono::days;

// m_nationalities comes empty on these days: the export of the real one fails now and then.
bool nationalities_missing(int day) {
  return day % 10 == 2;
}

/// `permille` of the rows, at least one.
std::size_t share(const Table& table, std::size_t permille) {
  return std::max<std::size_t>(1, table.row_count() * permille / 1'000);
}

/// Where a tenant's life goes next; a status that ends it leads back to being considered.
constexpr std::array<int, 18> next_status{2,  17, 3, 4, 6, 6,  12, 9,  0,
                                          14, 9,  9, 7, 9, 15, 16, 17, 0};

void touch(RowView& row, Random& random, Date today) {
  row["updated_at"] = date_time(today - days(1), office_hour(random));
}

/// Carries a new status of the tenant into the contract it is about.
void follow_status(SourceDatabase& db, RowView& tenant, Random& random, Date today) {
  if (tenant.is_null("moving_id")) return;
  RowView moving = db.movings.row_of_id(tenant.number("moving_id"));
  // Nobody leaves before moving in; quoted ISO dates compare as text.
  const auto not_before_movein = [&](Date day) {
    return std::max(date(day), moving["movein_date"]);
  };
  const Date yesterday = today - days(1);
  switch (tenant.number("status")) {
    case 14:
      moving["moveout_receipt_date"] = date(yesterday);
      moving["moveout_plans_date"] = moving["moveout_date_integrated"] =
          not_before_movein(yesterday + days(30));
      break;
    case 16:
      moving["moveout_date"] = moving["moveout_date_integrated"] = moving["moveout_plans_date"] =
          not_before_movein(yesterday);
      moving["is_moveout"] = flag(true);
      break;
    default:
      return;
  }
  touch(moving, random, today);
}

void advance_status(SourceDatabase& db, RowView& tenant, Random& random, Date today) {
  const auto status = static_cast<std::size_t>(tenant.number("status"));
  // Whoever has left or cancelled comes back only rarely; take the priority up instead.
  if ((status == 17 || status == 8) && !random.one_in(8)) {
    tenant["renewal_priority"] = number(tenant.number("renewal_priority") % 3 + 1);
    return;
  }
  // Nobody lives here without a contract.
  const int next = next_status[status];
  if (next >= 4 && next != 17 && tenant.is_null("moving_id")) {
    tenant["is_paysle_unpaid"] = flag(tenant.number("is_paysle_unpaid") == 0);
    return;
  }
  tenant["status"] = number(next);
  follow_status(db, tenant, random, today);
}

/// Moves one tenant with a contract, if there is one, from one status to another.
void move_one(SourceDatabase& db, Random& random, Date today, int from, int to) {
  const std::size_t start = random.recent(db.tenants.row_count());
  for (std::size_t i = 0; i < db.tenants.row_count(); ++i) {
    RowView tenant = db.tenants.row((start + i) % db.tenants.row_count());
    if (tenant.number("status") != from || tenant.is_null("moving_id")) continue;
    tenant["status"] = number(to);
    follow_status(db, tenant, random, today);
    touch(tenant, random, today);
    return;
  }
}

void change_tracked(RowView& tenant, Random& random) {
  switch (random.below(5)) {
    case 0:
      tenant["is_paysle_unpaid"] = flag(tenant.number("is_paysle_unpaid") == 0);
      break;
    case 1:
      tenant["is_renewal_ng"] = flag(tenant.number("is_renewal_ng") == 0);
      break;
    case 2:
      tenant["is_transferred"] = flag(tenant.number("is_transferred") == 0);
      break;
    case 3:
      tenant["agreement_type"] = number(tenant.number("agreement_type") % 3 + 1);
      break;
    default:
      // To and from NULL too: a history that compares with = misses that.
      tenant["renewal_priority"] =
          tenant.is_null("renewal_priority") ? number(1) : std::string(null);
  }
}

void change_tenants(SourceDatabase& db, Random& random, Date today) {
  for (std::size_t i = 0, n = share(db.tenants, 8); i < n; ++i) {
    RowView tenant = db.tenants.row(random.recent(db.tenants.row_count()));
    if (i % 4 < 2) {
      advance_status(db, tenant, random, today);
    } else if (i % 4 == 2) {
      change_tracked(tenant, random);
    } else {
      tenant["note"] = text(fmt::format("更新 {}\n2行目", random.between(1, 999)));
    }
    touch(tenant, random, today);
  }
  // Every day someone who lives here gives notice, and someone who gave notice leaves.
  move_one(db, random, today, 9, 14);
  move_one(db, random, today, 14, 16);
  for (std::size_t i = 0, n = share(db.tenants, 2); i < n; ++i) {
    add_tenant(db, random, today - days(1), today, i % 2 == 0 ? 4 : 0);
  }
}

void change_movings(SourceDatabase& db, Random& random, Date today) {
  for (std::size_t i = 0, n = share(db.movings, 6); i < n; ++i) {
    RowView moving = db.movings.row(random.recent(db.movings.row_count()));
    moving["remarks"] = text(fmt::format("確認済み「{}」\t'ok'\\", random.between(1, 999)));
    moving["move_renew_flag"] = flag(true);
    touch(moving, random, today);
  }
  if (db.duplicate_movings.empty()) return;
  db.movings.row_of_id(db.duplicate_movings.back()).mark_deleted();
  db.duplicate_movings.pop_back();
  db.movings.sweep();
}

void change_payments(SourceDatabase& db, Random& random, Date today) {
  for (std::size_t i = 0, n = share(db.payments, 3); i < n; ++i) {
    RowView payment = db.payments.row(random.recent(db.payments.row_count()));
    payment["is_confirmed"] = flag(true);
    payment["memo"] = text(fmt::format("消込 {}", random.between(1, 9'999)));
    touch(payment, random, today);
  }
  db.payments.row(random.recent(db.payments.row_count())).mark_deleted();
  db.payments.sweep();
  for (std::size_t i = 0, n = share(db.payments, 6); i < n; ++i) {
    add_payment(db, random, random.recent(db.movings.row_count()), today - days(1));
  }
}

void change_rest(SourceDatabase& db, Random& random, Date today) {
  for (std::size_t i = 0, n = share(db.rooms, 6); i < n; ++i) {
    RowView room = db.rooms.row(random.below(db.rooms.row_count()));
    room["rent"] = number(room.number("rent") + 1'000);
    touch(room, random, today);
  }
  for (std::size_t i = 0, n = db.apartments.row_count() / 100; i < n; ++i) {
    RowView apartment = db.apartments.row(random.below(db.apartments.row_count()));
    apartment["vacancy_room_count"] = number(random.between(0, 5));
    touch(apartment, random, today);
  }
  add_inquiry(db, random, today - days(1));
}

}  // namespace

void apply_day(SourceDatabase& db, Random& random, Date today) {
  change_tenants(db, random, today);
  change_movings(db, random, today);
  change_payments(db, random, today);
  change_rest(db, random, today);
}

SourceDatabase make_source_database(const SourceOptions& options) {
  const Date first = options.date - days(options.day - 1);
  SourceDatabase db = first_day(options, first);
  for (int day = 2; day <= options.day; ++day) {
    Random random(options.seed * 1'000'003U + static_cast<std::uint64_t>(day));
    apply_day(db, random, first + days(day - 1));
  }
  if (nationalities_missing(options.day)) db.nationalities.clear();
  return db;
}

std::string source_sql(const SourceDatabase& db) {
  std::string out =
      "SET NAMES utf8mb4;\n"
      "SET time_zone='+09:00';\n"
      "SET sql_mode='NO_AUTO_VALUE_ON_ZERO';\n"
      "SET foreign_key_checks=0;\n";
  for (const Table* table : {&db.apartments, &db.rooms, &db.nationalities, &db.tenants, &db.movings,
                             &db.inquiries, &db.payments, &db.orders}) {
    out += table->sql(Table::Existing::replaced);
  }
  return out += "\nSET foreign_key_checks=1;\n";
}

std::string staging_extras_sql(SourceDatabase& db, const SourceOptions& options) {
  Table snapshots(tenant_daily_snapshots_definition());
  Table enrichment(llm_enrichment_cache_definition());
  Table locations(property_geo_latlon_backup_definition());
  for (const Date day : {options.date - days(1), options.date}) {
    for (std::size_t i = 0; i < db.tenants.row_count(); ++i) {
      RowView tenant = db.tenants.row(i);
      RowView row = snapshots.append();
      row["tenant_id"] = tenant["id"];
      for (const std::string_view column : {"status", "contract_type", "full_name"}) {
        row[column] = tenant[column];
      }
      row["snapshot_date"] = date(day);
    }
  }
  for (std::size_t i = 0; i < db.tenants.row_count(); i += 20) {
    RowView tenant = db.tenants.row(i);
    RowView row = enrichment.append();
    row["tenant_id"] = tenant["id"];
    row["full_name"] = tenant["full_name"];
    row["full_name_hash"] = text(fmt::format("{:064x}", i + 1));
    row["llm_nationality"] = text("見本国001");
    row["llm_confidence"] = "0.875";
    row["enriched_at"] = date_time(options.date - days(30), std::chrono::hours(3));
    row["model_version"] = text("sample-model-1");
  }
  for (std::size_t i = 0; i < db.apartments.row_count(); ++i) {
    RowView apartment = db.apartments.row(i);
    RowView row = locations.append();
    row["apartment_id"] = apartment["id"];
    row["asset_id_hj"] = apartment["unique_number"];
    for (const std::string_view column :
         {"apartment_name", "full_address", "prefecture", "municipality"}) {
      row[column] = apartment[column];
    }
    row["latitude"] = "35.7000000";
    row["longitude"] = "139.7000000";
    row["source_updated_at"] = apartment["updated_at"];
  }
  return "SET NAMES utf8mb4;\nSET sql_mode='NO_AUTO_VALUE_ON_ZERO';\n" +
         snapshots.sql(Table::Existing::refused) + enrichment.sql(Table::Existing::refused) +
         locations.sql(Table::Existing::refused);
}

}  // namespace pipeline::source
