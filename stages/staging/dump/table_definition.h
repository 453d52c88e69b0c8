// CREATE TABLE as values: columns and keys, and the text that makes the copy in staging.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/dialect.h"
#include "stages/staging/dump/sql_lexer.h"

namespace pipeline::dump {

struct Column {
  enum class Kind {
    integer,  // and BOOL
    decimal,  // and FLOAT, DOUBLE
    bit,
    year,
    date_time,  // DATE, TIME, DATETIME, TIMESTAMP
    text,       // CHAR, VARCHAR, the TEXTs
    member,     // ENUM, SET
    binary,     // BINARY, VARBINARY, the BLOBs
    json,       // a LONGTEXT in MariaDB, a type of its own in MySQL
    geometry,
    other,  // UUID, INET6 ...: carried as their text
  };
  std::string name;
  std::string type;  // lower case, with its parameters: "varchar(255)"
  Kind kind = Kind::other;
  std::string charset;      // of this column's text; empty: the table's
  unsigned bit_length = 0;  // of a BIT
  enum class Nullable { no, yes } nullable = Nullable::yes;
  enum class Generated { no, yes } generated = Generated::no;
  enum class AutoIncrement { no, yes } auto_increment = AutoIncrement::no;
  enum class Invisible { no, yes } invisible = Invisible::no;
};

struct Key {
  enum class Kind { primary, unique, plain, fulltext, spatial } kind = Kind::plain;
  std::string name;                  // empty: none given, or PRIMARY
  std::vector<std::string> columns;  // names alone; an expression gives an empty name
};

struct TableDefinition {
  std::string name;
  std::vector<Column> columns;
  std::vector<Key> keys;
  std::string charset;  // the table's default; empty if the text has none
  /// Everything behind the name: "(...) ENGINE=InnoDB ...", without what was taken off.
  std::string body;
  /// The body without the next number of its AUTO_INCREMENT column, which differs from day to day
  /// without a difference in the table.
  std::string body_without_counter;
  std::optional<std::string> auto_increment;  // that number
  /// Where the secondary keys can be made behind the rows, which is faster: the body without them,
  /// and what ALTER TABLE adds, in their order ("ADD KEY `k` (`a`)"). The same table comes of it.
  /// No keys: the body must be taken whole.
  struct KeysLater {
    std::string body;
    std::vector<std::string> additions;
  } keys_later;
  /// What was taken off, for the report: "foreign key `fk_rooms`", "partitions", "engine MyISAM".
  std::vector<std::string> taken_off;

  /// Columns of the primary key, empty if there is none.
  std::vector<std::string> primary_key() const;
  const Column* find_column(std::string_view wanted) const;
};

/// [KEY|INDEX] [name] [USING word] (...) and options of a key, to the end: what a server writes
/// behind the word for the kind of a key.
bool is_usual_key(std::span<const Token> item);

/// Reads one CREATE TABLE statement without its delimiter, as `dialect` runs it.
///
/// Taken off and named: foreign keys, partitions, system versioning, DATA and INDEX DIRECTORY,
/// TABLESPACE, and an engine that InnoDB can stand in for (MyISAM, Aria, MEMORY, ARCHIVE, CSV,
/// RocksDB
/// ...); a collation that the server at hand lacks is named too, with the one that stands in for
/// it. Everything else stays byte for byte, so that the server makes the same table.
/// Throws dump_refused, without a place, for engines and options that reach outside the table
/// (FEDERATED, CONNECT, MERGE, CONNECTION=, UNION=), CREATE TABLE ... LIKE and SELECT, TEMPORARY
/// and OR REPLACE, a name with a schema, functions that wait or read files, and what is no
/// definition at all.
TableDefinition parse_table_definition(std::string_view statement, Dialect dialect);

}  // namespace pipeline::dump
