// What tenants owe and pay: payments, their matching, deposits, collection by other companies.
#include "bench/sample_source/columns.h"
#include "bench/sample_source/schema.h"
#include "bench/sample_source/words.h"

namespace pipeline::source {
namespace {

TableSpec payments_table() {
  return {
      .name = "payments",
      .comment = "入金",
      .rows = 974'555,
      .rows_at_least = 1'500,
      .growth = {.new_permille = 6, .update_permille = 3},
      .anchor = Anchor::moving,
      .columns = {id(), year("payment_year").noted("入金年"), tenant_id(), moving_id(),
                  on("paid_on", 0, 0), code("payment_type", 5),
                  monthly_rent("amount").noted("入金額"), yes_no("is_confirmed", 950).changing(),
                  phrase("memo", 1, 2).missing(880).changing(),
                  word("payer_name", transfer_names).missing(300), serial("receipt_number", "R"),
                  refers("user_id", "users").missing(400), stamped("recorded_at", 0, 0),
                  created_at(), updated_at()},
      // A partitioned table's keys must hold the partition column, and it can have no foreign key.
      .primary = {"id", "payment_year"},
      .indexed = {"tenant_id", "moving_id", "paid_on"},
      .partitioned_by = "payment_year",
      .partitions = {{"p_until_2019", "(2020)"},
                     {"p_until_2022", "(2023)"},
                     {"p_until_2025", "(2026)"},
                     {"p_rest", "MAXVALUE"}}};
}

TableSpec clearings_table() {
  return {
      .name = "clearings",
      .comment = "消込",
      .rows = 748'076,
      .anchor = Anchor::parent,
      .columns = {id(), follows("payment_id", "payments"), tenant_id(), moving_id(),
                  month("target_month"), code("clearing_type", 6), amount("amount", 1'000, 80'000),
                  amount("balance", 0, 20'000).changing(), on("cleared_on", 0, 12),
                  yes_no("is_automatic", 800), phrase("remarks", 1, 2).missing(800).changing(),
                  refers("user_id", "users").missing(500), created_at(), updated_at()},
      .indexed = {"payment_id", "tenant_id", "moving_id", "target_month"}};
}

TableSpec bank_deposits_table() {
  return {
      .name = "bank_deposits",
      .comment = "銀行入金明細",
      .rows = 282'012,
      .columns = {big_id(), refers("bank_account_id", "bank_accounts").required(),
                  refers("payment_id", "payments").missing(200), on("deposited_on", 0, 0),
                  large("amount", 1'000, 180'000), large("balance_after", 100'000, 90'000'000),
                  word("transfer_name", transfer_names), word("bank_name", bank_names),
                  numbered("branch_name", "見本支店", 90), digits("reference_number", "", 14),
                  phrase("summary", 1, 2), choice("state", progress).changing(),
                  hex("file_hash", 32), stamped("imported_at", 0, 1), created_at(), updated_at()},
      .indexed = {"bank_account_id", "payment_id", "deposited_on"}};
}

TableSpec funding_request_table() {
  return {
      .name = "Fundhing_Request",
      .comment = "口座振替依頼",
      .rows = 277'287,
      .anchor = Anchor::moving,
      .columns = {id(), tenant_id(), moving_id(), month("request_month"), on("request_date", 0, 3),
                  due("due_date", 8, 27), amount("amount", 30'000, 95'000),
                  digits("account_number", "0", 6), word("account_holder", transfer_names),
                  word("bank_name", bank_names), code("result_code", 9).changing(),
                  phrase("result_message", 1, 2).missing(400), serial("request_number", "FR"),
                  yes_no("is_retry", 60), created_at(), updated_at()},
      .indexed = {"tenant_id", "moving_id", "request_date"}};
}

TableSpec proof_lists_table() {
  return {.name = "proof_lists",
          .comment = "照合リスト",
          .rows = 249'996,
          .anchor = Anchor::parent,
          .columns = {id(), follows("payment_id", "payments"), tenant_id(), moving_id(),
                      serial("proof_number", "PL"), amount("amount", 1'000, 95'000),
                      amount("difference", 0, 3'000).changing(), word("payer_name", transfer_names),
                      on("proved_on", 0, 9), memo("note", 1, 3).missing(300), person("checked_by"),
                      // Rows of this table are never stamped.
                      code("state", 4).changing()},
          .indexed = {"payment_id", "tenant_id", "proved_on"}};
}

TableSpec payment_deletions_table() {
  return {.name = "payment_deletions",
          .comment = "入金取消",
          .rows = 78'995,
          .anchor = Anchor::moving,
          .columns = {id(), tenant_id(), moving_id(), whole("deleted_payment_number", 1, 999'999),
                      amount("amount", 1'000, 95'000), on("paid_on", -30, 0),
                      at("deleted_at", 0, 0), refers("user_id", "users"), phrase("reason", 1, 3),
                      document("original", 4, 6), created_at()},
          .indexed = {"tenant_id", "moving_id", "deleted_at"}};
}

TableSpec paysle_charges_table() {
  return {.name = "paysle_charges",
          .comment = "コンビニ払込票",
          .rows = 13'654,
          .anchor = Anchor::moving,
          .columns = {id(), tenant_id(), moving_id(), serial("charge_number", "PS"),
                      amount("amount", 30'000, 95'000), on("issued_on", 0, 1),
                      due("expires_on", 14, 40), on("paid_on", 1, 30).missing(300),
                      choice("state", progress).changing(), url("receipt_url"),
                      tel("sms_tel").missing(200), yes_no("is_cancelled", 40), created_at(),
                      updated_at()},
          .indexed = {"tenant_id", "moving_id", "issued_on"}};
}

TableSpec paysle_charge_responses_table() {
  return {.name = "paysle_charge_responses",
          .comment = "払込票APIの応答",
          .rows = 19'893,
          .anchor = Anchor::parent,
          .columns = {big_id(), follows("paysle_charge_id", "paysle_charges"), tenant_id(),
                      code("request_type", 4), whole("http_status", 200, 204),
                      letter("request_body", 10, 30), letter("response_body", 40, 130),
                      memo("error_message", 2, 10).missing(850), hex("signature", 64),
                      real("elapsed_seconds", 0, 20), stamped("responded_at", 0, 0), created_at(),
                      updated_at()},
          .indexed = {"paysle_charge_id", "tenant_id"}};
}

TableSpec bank_account_tenants_table() {
  return {.name = "bank_account_tenants",
          .comment = "入居者の振込先口座",
          .rows = 12'000,
          .anchor = Anchor::tenant,
          .columns = {id(), tenant_id(), refers("bank_account_id", "bank_accounts").required(),
                      digits("virtual_account_number", "0", 6), on("assigned_on", 0, 3),
                      on("released_on", 90, 700).missing(400), yes_no("is_active", 600).changing(),
                      created_at(), updated_at()},
          .indexed = {"tenant_id", "bank_account_id"}};
}

TableSpec deposits_table() {
  return {.name = "Deposits",
          .comment = "預り金",
          .rows = 8'900,
          .anchor = Anchor::moving,
          .columns = {id(), tenant_id(), moving_id(), word("deposit_kind", deposit_kinds),
                      amount("amount", 0, 60'000), amount("refunded", 0, 30'000).changing(),
                      on("received_on", 0, 10), on("refunded_on", 100, 900).missing(500),
                      phrase("remarks", 1, 2).missing(600), created_at(), updated_at()},
          .indexed = {"tenant_id", "moving_id"}};
}

TableSpec gmo_order_numbers_table() {
  return {.name = "gmo_order_numbers",
          .comment = "決済代行の注文番号",
          .rows = 8'700,
          .growth = {.new_permille = 3, .update_permille = 0},
          .anchor = Anchor::tenant,
          // No id and no key at all: the table is only appended to.
          .columns = {serial("order_number", "GMO"), tenant_id(), amount("amount", 1'000, 95'000),
                      created_at()},
          .primary = {},
          .indexed = {"order_number", "tenant_id"}};
}

}  // namespace

std::vector<TableSpec> money_tables() {
  return {payments_table(),
          clearings_table(),
          bank_deposits_table(),
          funding_request_table(),
          proof_lists_table(),
          payment_deletions_table(),
          paysle_charges_table(),
          paysle_charge_responses_table(),
          bank_account_tenants_table(),
          deposits_table(),
          gmo_order_numbers_table()};
}

}  // namespace pipeline::source
