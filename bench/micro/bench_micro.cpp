// The hot loops alone: inflating, scanning rows, hashing, rendering; bytes a second on one core.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/gzip.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/row_encoder.h"
#include "stages/transform/jinja/environment.h"

namespace pipeline {
namespace {

constexpr int rows = 20'000;
constexpr int rows_per_statement = 500;

/// A dump of one table as mysqldump writes it: numbers, dates, Japanese text, NULLs, escapes.
std::string sample_dump() {
  std::string text =
      "-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)\n"
      "/*!40101 SET NAMES utf8mb4 */;\n"
      "CREATE TABLE `tenants` (\n  `id` int(11) NOT NULL,\n  `full_name` varchar(60) DEFAULT "
      "NULL,\n"
      "  `rent` decimal(10,2) DEFAULT NULL,\n  `memo` text DEFAULT NULL,\n"
      "  `created_at` datetime DEFAULT NULL,\n  PRIMARY KEY (`id`)\n"
      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;\n";
  for (int row = 0; row < rows; ++row) {
    text += row % rows_per_statement == 0 ? "INSERT INTO `tenants` VALUES\n" : ",\n";
    text += fmt::format(
        "({},'山田 太郎{}',{}.50,{},'2026-01-{:02} 07:00:00')", row + 1, row, 50'000 + row,
        row % 3 == 0 ? "NULL" : "'入居予定の部屋は \\'203\\' です。\\n鍵は管理室'", 1 + row % 28);
    if ((row + 1) % rows_per_statement == 0) text += ";\n";
  }
  return text + "-- Dump completed on 2026-02-01  5:30:00\n";
}

const std::string& dump_text() {
  static const std::string text = sample_dump();
  return text;
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

void inflate(benchmark::State& state) {
  TextSink compressed;
  GzipSink sink(compressed);
  sink.write(dump_text());
  sink.finish();
  std::vector<char> buffer(1U << 18U);
  for (auto _ : state) {
    TextSource source(compressed.text());
    GzipSource inflated(source);
    std::size_t bytes = 0;
    while (const std::size_t count = inflated.read(buffer)) bytes += count;
    benchmark::DoNotOptimize(bytes);
  }
  count_bytes(state, dump_text().size());
}
BENCHMARK(inflate);

void scan_rows(benchmark::State& state) {
  for (auto _ : state) {
    TextSource source(dump_text());
    dump::DumpReader reader(source, {});
    std::size_t fields = 0;
    for (;;) {
      const dump::Event event = reader.next();
      if (std::holds_alternative<dump::DumpEnds>(event)) break;
      if (!std::holds_alternative<dump::RowsBegin>(event)) continue;
      while (const auto row = reader.next_row()) fields += row->size();
    }
    benchmark::DoNotOptimize(fields);
  }
  count_bytes(state, dump_text().size());
}
BENCHMARK(scan_rows);

/// What the reading thread of a load does.
void encode_rows(benchmark::State& state) {
  for (auto _ : state) {
    TextSource source(dump_text());
    dump::DumpReader reader(source, {});
    std::vector<ColumnCarrier> carriers;
    std::string out;
    std::size_t bytes = 0;
    for (;;) {
      const dump::Event event = reader.next();
      if (std::holds_alternative<dump::DumpEnds>(event)) break;
      if (const auto* table = std::get_if<dump::TableBegins>(&event)) {
        for (const auto& column : table->definition.columns) {
          carriers.push_back(carrier_of(column));
        }
      }
      if (!std::holds_alternative<dump::RowsBegin>(event)) continue;
      while (const auto row = reader.next_row()) {
        encode_row(*row, carriers, out);
        if (out.size() < 1U << 19U) continue;
        bytes += out.size();
        out.clear();
      }
    }
    benchmark::DoNotOptimize(bytes);
  }
  count_bytes(state, dump_text().size());
}
BENCHMARK(encode_rows);

void hash_sha256(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(sha256_hex(dump_text()));
  count_bytes(state, dump_text().size());
}
BENCHMARK(hash_sha256);

constexpr std::string_view model =
    "{% set columns = ['status', 'contract_type', 'priority'] %}\n"
    "select id,\n"
    "{%- for column in columns %}\n"
    "  nullif(trim(t.{{ column }}), '') as {{ column }}{{ ',' if not loop.last }}\n"
    "{%- endfor %}\n"
    "from {{ table }} t\n"
    "{% if incremental %}where t.updated_at > (select max(updated_at) from {{ table }}){% endif "
    "%}\n";

void parse_template(benchmark::State& state) {
  const jinja::Environment environment;
  for (auto _ : state) {
    benchmark::DoNotOptimize(environment.parse("models/a.sql", std::string(model)));
  }
  count_bytes(state, model.size());
}
BENCHMARK(parse_template);

void render_template(benchmark::State& state) {
  const jinja::Environment environment;
  const jinja::Template parsed = environment.parse("models/a.sql", std::string(model));
  auto context = std::make_shared<jinja::Context>();
  context->variables.emplace("table", jinja::Value(std::string("staging.tenants")));
  context->variables.emplace("incremental", jinja::Value(true));
  for (auto _ : state) benchmark::DoNotOptimize(environment.render(parsed, context));
  count_bytes(state, model.size());
}
BENCHMARK(render_template);

}  // namespace
}  // namespace pipeline

BENCHMARK_MAIN();
