#include "bench/sample_source/columns.h"

#include <utility>

#include <fmt/format.h>

#include "bench/sample_source/words.h"

namespace pipeline::source {
namespace {

Column column(std::string_view name, std::string type, Content content) {
  return {.name = name, .type = std::move(type), .content = content};
}

constexpr std::string_view reference_type = "int unsigned";

Column anchored(std::string_view name, Anchored::What what) {
  return column(name, std::string(reference_type), Anchored{what}).required();
}

}  // namespace

Column id() {
  return column("id", "int unsigned", RowId{}).required();
}

Column big_id() {
  return column("id", "bigint unsigned", RowId{}).required();
}

Column tenant_id() {
  return anchored("tenant_id", Anchored::What::tenant);
}

Column moving_id() {
  return anchored("moving_id", Anchored::What::moving);
}

Column room_id() {
  return anchored("room_id", Anchored::What::room);
}

Column apartment_id() {
  return anchored("apartment_id", Anchored::What::apartment);
}

Column refers(std::string_view name, std::string_view table) {
  return column(name, std::string(reference_type), Reference{table, Reference::How::anywhere});
}

Column follows(std::string_view name, std::string_view table) {
  return column(name, std::string(reference_type), Reference{table, Reference::How::along})
      .required();
}

Column told(std::string_view name, std::string type) {
  return column(name, std::move(type), FromStory{});
}

Column computed(std::string_view name, std::string_view expression, Computed::Storage storage) {
  return column(name, "int", Computed{expression, storage});
}

Column code(std::string_view name, int last) {
  return column(name, "tinyint", Whole{.low = 1, .high = last});
}

Column yes_no(std::string_view name, unsigned ones_permille) {
  return column(name, "tinyint(1)", Flag{ones_permille}).required("0");
}

Column whole(std::string_view name, std::int64_t low, std::int64_t high) {
  return column(name, "int", Whole{.low = low, .high = high});
}

Column yen(std::string_view name, std::int64_t low, std::int64_t high) {
  return column(name, "int", Whole{.low = low, .high = high, .step = 100}).required("0");
}

Column amount(std::string_view name, std::int64_t low, std::int64_t high) {
  return column(name, "decimal(12,2)",
                Decimal{.low = low * 100, .high = high * 100, .step = 10'000, .decimals = 2})
      .required("0.00");
}

Column monthly_rent(std::string_view name) {
  return column(name, "decimal(12,2)", MonthlyRent{}).required("0.00");
}

Column large(std::string_view name, std::int64_t low, std::int64_t high) {
  return column(name, "bigint", Whole{.low = low, .high = high});
}

Column rate(std::string_view name, std::int64_t low, std::int64_t high) {
  return measure(name, 5, 2, low, high);
}

Column measure(std::string_view name, int digits, int decimals, std::int64_t low,
               std::int64_t high) {
  return column(name, fmt::format("decimal({},{})", digits, decimals),
                Decimal{.low = low, .high = high, .step = 1, .decimals = decimals});
}

Column real(std::string_view name, std::int64_t low, std::int64_t high) {
  return column(name, "double", Quarters{low * 4, high * 4});
}

Column lock_version() {
  return column("lock_version", "int", Whole{.low = 0, .high = 60}).required("0").changing();
}

Column on(std::string_view name, int from, int to) {
  return column(name, "date", Day{from, to});
}

Column due(std::string_view name, int from, int to) {
  return column(name, "date", Day{from, to, Day::Kind::plan});
}

Column at(std::string_view name, int from, int to) {
  return column(name, "datetime", Clock{Clock::Type::datetime, from, to});
}

Column stamped(std::string_view name, int from, int to) {
  return column(name, "timestamp", Clock{Clock::Type::timestamp, from, to});
}

Column time_of_day(std::string_view name) {
  return column(name, "time", TimeOfDay{});
}

Column year(std::string_view name) {
  return column(name, "smallint", Period{Period::Unit::year}).required();
}

Column month(std::string_view name) {
  return column(name, "char(7)", Period{Period::Unit::month});
}

Column created_at() {
  return column("created_at", "datetime", CreatedAt{}).required();
}

Column updated_at() {
  return column("updated_at", "datetime", UpdatedAt{}).required();
}

Column serial(std::string_view name, std::string_view prefix) {
  return column(name, "varchar(32)", Serial{prefix}).required();
}

Column digits(std::string_view name, std::string_view prefix, int count) {
  return column(name, "varchar(40)", Digits{prefix, count});
}

Column hex(std::string_view name, int digits) {
  return column(name, fmt::format("varchar({})", digits), Hex{digits});
}

Column word(std::string_view name, Words words) {
  return column(name, "varchar(60)", Word{words});
}

Column choice(std::string_view name, Words words) {
  return column(name, fmt::format("enum('{}')", fmt::join(words, "','")), Word{words});
}

Column numbered(std::string_view name, std::string_view stem, std::int64_t count) {
  return column(name, "varchar(100)", Numbered{stem, count});
}

Column person(std::string_view name) {
  return numbered(name, "見本 太郎", 9'999);
}

Column company(std::string_view name) {
  return numbered(name, "株式会社見本", 900);
}

Column tel(std::string_view name) {
  return column(name, "varchar(30)", Digits{"000-0000-", 4});
}

Column mail(std::string_view name) {
  return column(name, "varchar(255)", MailAddress{});
}

Column url(std::string_view name) {
  return column(name, "varchar(255)", Digits{"https://example.com/sample/", 8});
}

Column phrase(std::string_view name, int low, int high) {
  return column(name, "varchar(255)", Sentences{low, high});
}

Column memo(std::string_view name, int low, int high) {
  return column(name, "text", Sentences{low, high});
}

Column document(std::string_view name, int low, int high) {
  return column(name, "json", JsonObject{low, high});
}

Column letter(std::string_view name, int low, int high) {
  return column(name, "longtext", JsonObject{low, high});
}

}  // namespace pipeline::source
