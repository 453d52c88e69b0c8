// Changes a candidate by SQL that a person wrote, and judges it by a query.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::dbt {

struct CandidateUpdate {
  TableName live;  // the candidate stands in the shadow of its schema
  std::string update_query;
  std::string validation_query;
  std::string name;  // for messages: "update_query", "the change of run X to silver.t"
};

/// Before anything is touched: throws config_invalid for an update without a statement, one whose
/// statements cannot be told apart, and a validation that names the live table with its schema,
/// which would judge what is there already.
void require_usable(const CandidateUpdate& update);

/// Runs the update's statements one after the other, with the shadow as default schema; then the
/// validation. Under their bare names every other table and view of the live schema can be read
/// meanwhile, as it is live unless the shadow has a candidate of it. Afterwards the session's
/// default schema is as before, and nothing of this stands in the shadow but the candidate. Returns
/// the rows that each statement changed.
///
/// Errors: sql_rejected for a statement that the server refuses, with a hint if it names a live
/// table, and if the candidate is no table any more; data_test_failed if the validation does not
/// hold (see ValidationAnswer).
std::vector<std::uint64_t> update_candidate(Connection& session, const CandidateUpdate& update);

}  // namespace pipeline::dbt
