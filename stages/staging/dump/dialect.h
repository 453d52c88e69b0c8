// Conditional comments: one dump is a different program for each server that reads it.
#pragma once

#include <string>
#include <string_view>

namespace pipeline::dump {

/// A server as conditional comments see it: MariaDB 10.11.6 is {mariadb, 101106}, MySQL 8.0.36 is
/// {mysql, 80036}.
struct Dialect {
  enum class Family { mariadb, mysql } family = Family::mariadb;
  unsigned version = 101100;
};

/// Whether `dialect` runs the inside of a conditional comment that opens with `opening`
/// ("/*!50100",
/// "/*M!100201", "/*!"). MariaDB passes over 50700 to 99999, which mean MySQL 5.7 and later
/// (MariaDB knowledge base, "Comment Syntax"); MySQL takes /*M! for a plain comment.
bool runs_conditional(Dialect dialect, std::string_view opening);

/// The statement as `dialect` runs it: the inside of the conditional comments it runs as plain
/// code, all other comments as a blank. Strings and names stay byte for byte. Throws dump_refused
/// for comments inside of conditional ones: servers do not agree where they end.
std::string resolve_comments(std::string_view statement, Dialect dialect);

}  // namespace pipeline::dump
