#include "stages/transform/run/replayed_queries.h"

#include "common/base/error.h"

namespace pipeline::dbt {

std::optional<RelationKind> RecordedQueries::find(const Relation& relation) {
  auto answer = warehouse_.find(relation);
  answers_.emplace_back(answer);
  return answer;
}

std::vector<ColumnInfo> RecordedQueries::columns(const Relation& relation) {
  auto answer = warehouse_.columns(relation);
  answers_.emplace_back(answer);
  return answer;
}

QueryResult RecordedQueries::run_query(const std::string& sql) {
  auto answer = warehouse_.run_query(sql);
  answers_.emplace_back(answer);
  return answer;
}

template <typename Kind>
Kind ReplayedQueries::next() {
  if (answers_.empty() || !std::holds_alternative<Kind>(answers_.front())) {
    throw Error(ErrorKind::config_invalid,
                "the view asks the server other questions under its live name than under that of "
                "its candidate, so what would be published is not what was tested");
  }
  Kind answer = std::get<Kind>(std::move(answers_.front()));
  answers_.pop_front();
  return answer;
}

std::optional<RelationKind> ReplayedQueries::find(const Relation& /*relation*/) {
  return next<std::optional<RelationKind>>();
}

std::vector<ColumnInfo> ReplayedQueries::columns(const Relation& /*relation*/) {
  return next<std::vector<ColumnInfo>>();
}

QueryResult ReplayedQueries::run_query(const std::string& /*sql*/) {
  return next<QueryResult>();
}

}  // namespace pipeline::dbt
