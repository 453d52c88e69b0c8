// Judges candidates by queries that must give one number other than 0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "stages/transform/run/node_builder.h"

namespace pipeline::dbt {

/// What a validation query gave.
struct ValidationAnswer {
  /// yes: one row of one column, a number other than 0. no: everything else, so 0 and FALSE, NULL,
  /// no row, several rows or columns, and a text that is no number.
  enum class Holds { yes, no } holds = Holds::no;
  std::string gave;  // for people: "0", "NULL", "no row"
};

/// Whether the text of a value is a number other than 0: "1", "-0.5", "2e3".
bool is_nonzero_number(std::string_view text);

/// own_transaction: a READ ONLY one, which leaves nothing behind. open_transaction: that which the
/// session is in; the query must be one that changes nothing.
enum class AskWithin { own_transaction, open_transaction };

/// Throws the kinds of Connection::stream.
ValidationAnswer ask_validation(Connection& session, const std::string& query,
                                AskWithin within = AskWithin::own_transaction);

/// A rendered query of meta.validate.
struct ValidationQuery {
  const Node* node = nullptr;
  std::string query;
};

/// Asks all. Adds each answer to `validations` of the output. Throws data_test_failed, naming each
/// that does not hold, and node_error() for one that the server refuses.
void require_all_hold(Connection& session, const std::vector<ValidationQuery>& queries,
                      AskWithin within, Json& output);

/// Asks every query of meta.validate of `nodes`, in the session of `context`, where ref() and this
/// mean the candidates, as require_all_hold().
void require_valid(const BuildContext& context, const std::vector<const Node*>& nodes,
                   Json& output);

}  // namespace pipeline::dbt
