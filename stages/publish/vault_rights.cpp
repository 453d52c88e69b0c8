// The promise of the vault is the server's, not ours: whatever bug this program has, the account
// that writes there can neither change nor delete. It holds as long as four things do, which are
// looked at before each run: the account has SELECT and INSERT on the vault and no more, by no
// wildcard and no role either; no other account of the pipeline can write there; nothing runs with
// an administrator's rights on their behalf (a routine or a view with SQL SECURITY DEFINER once
// emptied a vault in an experiment); and no foreign key deletes by cascade.
#include "stages/publish/vault_rights.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/plain_tables.h"

namespace pipeline::publish {
namespace {

// What neither changes a row nor lets one get at it by another way.
constexpr std::array harmless{std::string_view("USAGE"),
                              std::string_view("SELECT"),
                              std::string_view("SHOW VIEW"),
                              std::string_view("SHOW DATABASES"),
                              std::string_view("PROCESS"),
                              std::string_view("EXECUTE"),
                              std::string_view("LOCK TABLES"),
                              std::string_view("CREATE TEMPORARY TABLES"),
                              std::string_view("SHOW ROUTINE"),
                              std::string_view("BINLOG MONITOR"),
                              std::string_view("REPLICATION CLIENT")};

bool is_harmless(const std::string& privilege) {
  return std::find(harmless.begin(), harmless.end(), privilege) != harmless.end();
}

/// Reads names in backticks, single or double quotes, and bare words.
class GrantReader {
 public:
  explicit GrantReader(std::string_view line) : line_(line) {}

  bool take(std::string_view word) {
    skip_blanks();
    if (!line_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) fail();
  }

  /// "SELECT (`a`, `b`)" gives SELECT; ends before " ON " or " TO ".
  std::string privilege() {
    skip_blanks();
    std::string text;
    while (at_ < line_.size() && line_[at_] != ',' && line_[at_] != '(' && !at_word("ON ") &&
           !at_word("TO ")) {
      text += line_[at_++];
    }
    if (at_ < line_.size() && line_[at_] == '(') skip_parentheses();
    return std::string(trim(text));
  }

  std::string name() {
    skip_blanks();
    if (at_ >= line_.size()) fail();
    const char quote = line_[at_];
    if (quote != '`' && quote != '\'' && quote != '"') {
      std::string word;
      while (at_ < line_.size() && line_[at_] != ' ' && line_[at_] != '.' && line_[at_] != '@') {
        word += line_[at_++];
      }
      return word;
    }
    std::string text;
    for (++at_; at_ < line_.size(); ++at_) {
      if (line_[at_] == quote) {
        if (at_ + 1 >= line_.size() || line_[at_ + 1] != quote) break;
        ++at_;
      }
      text += line_[at_];
    }
    if (at_ >= line_.size()) fail();
    ++at_;
    return text;
  }

  bool at_quote() {
    skip_blanks();
    return at_ < line_.size() && (line_[at_] == '`' || line_[at_] == '\'');
  }
  std::string_view rest() const { return line_.substr(at_); }

  [[noreturn]] void fail() const {
    // The line may hold a password's hash, so only its begin is shown.
    throw Error(ErrorKind::guard_refused,
                fmt::format("a right of the account is not understood: {}",
                            head(line_.substr(0, line_.find(" TO ")), 200)));
  }

 private:
  void skip_blanks() {
    while (at_ < line_.size() && line_[at_] == ' ') ++at_;
  }
  bool at_word(std::string_view word) const {
    return line_.substr(at_).starts_with(word) && (at_ == 0 || line_[at_ - 1] == ' ');
  }
  void skip_parentheses() {
    for (++at_; at_ < line_.size() && line_[at_] != ')'; ++at_) {
      if (line_[at_] != '`') continue;
      for (++at_; at_ < line_.size() && line_[at_] != '`';) ++at_;
    }
    if (at_ >= line_.size()) fail();
    ++at_;
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

std::string listed(const std::set<std::string>& privileges) {
  return join(std::vector<std::string>(privileges.begin(), privileges.end()), ", ");
}

std::string place_of(const Grant& grant) {
  return grant.schema + "." + grant.object;
}

/// Rows of one text column that are objections as they stand.
void add_texts(Connection& session, const std::string& sql, std::vector<std::string>& objections) {
  for (const auto& row : session.query(sql).rows) objections.push_back(row[0].value_or(""));
}

/// Whether a routine's body may get at the vault: it names it, or makes SQL from texts.
bool may_reach(const std::string& body, const std::string& vault_schema) {
  const std::string text = to_lower(body);
  return text.find(to_lower(vault_schema)) != std::string::npos ||
         text.find("prepare") != std::string::npos || text.find("execute") != std::string::npos;
}

}  // namespace

Grant parse_grant(std::string_view line) {
  GrantReader reader(line);
  reader.expect("GRANT");
  Grant grant;
  if (reader.at_quote()) {
    grant.kind = Grant::Kind::role;
    grant.object = reader.name();
    return grant;
  }
  do {
    const std::string privilege = reader.privilege();
    if (privilege.empty()) reader.fail();
    grant.privileges.insert(privilege);
  } while (reader.take(","));
  reader.expect("ON");
  for (const std::string_view routine : {"PROCEDURE ", "FUNCTION ", "PACKAGE BODY ", "PACKAGE "}) {
    if (reader.take(routine)) grant.kind = Grant::Kind::routine;
  }
  grant.schema = reader.name();
  // GRANT PROXY ON 'a'@'b' lets the account be somebody else.
  if (grant.privileges.contains("PROXY")) {
    grant.kind = Grant::Kind::role;
    grant.object = "PROXY " + grant.schema;
    return grant;
  }
  reader.expect(".");
  grant.object = reader.name();
  reader.expect("TO");
  grant.grant_option = reader.rest().find("WITH GRANT OPTION") != std::string_view::npos;
  return grant;
}

std::vector<Grant> grants_of(Connection& session) {
  std::vector<Grant> grants;
  for (const auto& row : session.query("SHOW GRANTS").rows) {
    const std::string line = row[0].value_or("");
    if (line.starts_with("SET DEFAULT ROLE")) continue;
    grants.push_back(parse_grant(line));
  }
  return grants;
}

bool pattern_means(std::string_view pattern, std::string_view name) {
  if (pattern == "*") return true;
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '%') {
    for (std::size_t skip = 0; skip <= name.size(); ++skip) {
      if (pattern_means(pattern.substr(1), name.substr(skip))) return true;
    }
    return false;
  }
  const bool escaped = pattern[0] == '\\' && pattern.size() > 1;
  if (escaped) pattern.remove_prefix(1);
  if (name.empty()) return false;
  const bool fits = (!escaped && pattern[0] == '_') || pattern[0] == name[0];
  return fits && pattern_means(pattern.substr(1), name.substr(1));
}

std::vector<std::string> judge_grants(const std::vector<Grant>& grants, VaultRole role,
                                      std::string_view account, const std::string& vault_schema) {
  std::vector<std::string> objections;
  std::set<std::string> on_vault;
  for (const auto& grant : grants) {
    if (grant.kind == Grant::Kind::routine) continue;
    if (grant.kind == Grant::Kind::role) {
      objections.push_back(
          fmt::format("{} may become {}, whose rights nobody sees here", account, grant.object));
      continue;
    }
    const bool reaches_vault = pattern_means(grant.schema, vault_schema);
    if (grant.grant_option && (reaches_vault || role == VaultRole::writer)) {
      objections.push_back(
          fmt::format("{} may pass on its rights on {}", account, place_of(grant)));
    }
    const bool own = role == VaultRole::writer && reaches_vault && grant.schema != "*";
    std::set<std::string> too_many;
    for (const auto& privilege : grant.privileges) {
      if (own && (privilege == "SELECT" || privilege == "INSERT")) {
        if (grant.object == "*") on_vault.insert(privilege);
        continue;
      }
      const bool fine = own ? privilege == "USAGE" : is_harmless(privilege);
      if (!fine && (reaches_vault || role == VaultRole::writer)) too_many.insert(privilege);
    }
    if (!too_many.empty()) {
      objections.push_back(
          fmt::format("{} has {} on {}", account, listed(too_many), place_of(grant)));
    }
  }
  if (role == VaultRole::writer && on_vault.size() != 2) {
    objections.push_back(fmt::format("{} lacks SELECT, INSERT on {}.*", account, vault_schema));
  }
  return objections;
}

std::vector<std::string> rights_objections(Connection& session, VaultRole role,
                                           const std::string& vault_schema) {
  const std::string account = session.query_value("SELECT CURRENT_USER()").value_or("");
  auto objections = judge_grants(grants_of(session), role, account, vault_schema);
  const auto routines = session.query(
      "SELECT CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME), DEFINER, ROUTINE_DEFINITION FROM "
      "information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND DEFINER <> CURRENT_USER() "
      "AND ROUTINE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')");
  for (const auto& row : routines.rows) {
    const bool readable = row[2] && !row[2]->empty();
    if (readable && !may_reach(*row[2], vault_schema)) continue;
    objections.push_back(fmt::format(
        "{} may run {} with the rights of {}, {}; make it SQL SECURITY INVOKER or take EXECUTE "
        "away",
        account, row[0].value_or(""), row[1].value_or(""),
        readable ? "and it may reach the vault" : "and may not read what it does"));
  }
  add_texts(session,
            fmt::format("SELECT CONCAT('the view ', TABLE_SCHEMA, '.', TABLE_NAME, ' reaches the "
                        "vault with the rights of ', DEFINER) FROM information_schema.VIEWS WHERE "
                        "SECURITY_TYPE = 'DEFINER' AND LOCATE({}, VIEW_DEFINITION) > 0",
                        quote_text(quote_name(vault_schema) + ".")),
            objections);
  return objections;
}

std::vector<std::string> vault_table_objections(Connection& session,
                                                const std::string& vault_schema) {
  std::vector<TableName> tables;
  for (const auto& row :
       session
           .query(fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA "
                              "= {} AND TABLE_TYPE <> 'VIEW'",
                              quote_text(vault_schema)))
           .rows) {
    tables.push_back({vault_schema, row[0].value_or("")});
  }
  auto objections = objections_to(session, tables);
  std::ranges::sort(objections);
  objections.erase(std::unique(objections.begin(), objections.end()), objections.end());
  return objections;
}

}  // namespace pipeline::publish
