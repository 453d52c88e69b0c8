// One session with a MySQL-family server: open, ask, stream, load, and nothing hidden.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.h"
#include "common/io/byte_stream.h"
#include "common/mariadb/login_source.h"

namespace pipeline {

struct TlsOptions {
  enum class Mode { verify, insecure_plaintext } mode = Mode::verify;
  std::string ca_file;  // empty: the system's
};

/// Where the server is: a socket path, or host and port. A socket needs no TLS; over TCP the
/// server's certificate and name are verified unless the mode says otherwise.
struct Endpoint {
  std::string socket;
  std::string host;
  int port = 3306;
  TlsOptions tls;
  /// Whether work may be done on a server that copies another one's changes.
  enum class Replica { refused, allowed } replica = Replica::refused;
  /// "host:port" or the socket's path, for messages.
  std::string text() const;
};

struct Account {
  std::string user;
  Secret password;
  std::string password_origin;  // "file /etc/x", "environment DB_PASSWORD": said when a login fails
  /// Where the login comes from, if it may change: asked for it at each open, and for another one
  /// after a refusal. nullptr: user and password are as they stand.
  std::shared_ptr<LoginSource> logins;
};

class Connection;

struct ConnectionOptions {
  Endpoint endpoint;
  Account account;
  std::string database;              // empty: none
  std::string time_zone = "+00:00";  // SET time_zone
  std::string sql_mode =
      "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds read_timeout{3600};
  std::chrono::seconds lock_wait_timeout{60};  // metadata locks and row locks alike
  enum class LocalInfile { refused, own_handler } local_infile = LocalInfile::refused;
  /// Sees each new session before open() gives it out; what it throws refuses the session. May be
  /// empty. Called on any thread that opens.
  std::function<void(Connection&)> require_fit;
};

/// One row of a result; nullopt is SQL NULL. Values are bytes as the server sends them.
using Row = std::vector<std::optional<std::string>>;

struct ResultTable {
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

struct ExecuteResult {
  std::uint64_t affected_rows = 0;
  std::uint64_t warnings = 0;
  std::string info;  // "Records: 3  Deleted: 0  Skipped: 0  Warnings: 0"
};

enum class ServerFamily { mariadb, mysql };

/// Move-only. One thread at a time, except that kill_from_outside() works on another connection.
/// Never reconnects by itself: a lost session throws unavailable and the object is dead.
class Connection {
 public:
  /// Opens, sets charset utf8mb4, READ COMMITTED, autocommit, time zone, sql_mode, lock limits and
  /// limits that let it idle for a day and wait for read_timeout in the middle of a transfer.
  /// A failure at any step leaves nothing open, and the error names the step; no step waits longer
  /// than connect_timeout for the server to speak. Errors: access_denied (1044, 1045, 1698, 4151;
  /// names user, server and where the secret came from), unavailable (2002, 2003, 2005, 1040, 1203,
  /// 1226, a line that breaks), wrong_database (no TLS, or a certificate of somebody else; no such
  /// database). From the first open on the process ignores SIGPIPE, unless it handles it.
  /// An account with `logins` is asked for its login, and after a 1045 for each other one that the
  /// place holds by then; where none is taken, the 1045 of the last one is thrown, where the place
  /// cannot be read, why; and for a minute whoever opens a session of this account gets the same
  /// without a login.
  static Connection open(const ConnectionOptions& options);

  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Runs one statement (multi-statements are off) and drops any rows. Errors by kind from
  /// server_errors.h, with errno, sqlstate and the statement's first 200 bytes as context; no field
  /// values. A statement over the server's max_allowed_packet is resource_exhausted and not sent;
  /// no answer within read_timeout is timed_out: the session is lost then, and the statement may
  /// still run in the server (kill_from_outside).
  ExecuteResult execute(std::string_view sql);
  /// Runs one statement and keeps all rows; refuses (internal) more than `rows_max`. Of a CALL the
  /// first result counts.
  ResultTable query(std::string_view sql, std::size_t rows_max = 1'000'000);
  /// First column of the first row; nullopt when there is no row or the value is NULL.
  std::optional<std::string> query_value(std::string_view sql);
  /// Streams rows without keeping them. The views are valid during the call only. An exception of
  /// `on_row` ends the statement, by a KILL over a second session, and comes through; if the KILL
  /// fails, this session is lost.
  using RowView = std::span<const std::optional<std::string_view>>;
  void stream(std::string_view sql, const std::function<void(RowView)>& on_row);

  /// Runs a LOAD DATA LOCAL INFILE statement whose file is `source`; the file name in the statement
  /// is ignored. The handler is armed for this one statement only; outside of it a server that asks
  /// for a file gets an error (guard_refused here). What the source throws comes through unchanged
  /// and the session is lost: it is cut, so that the server rolls the statement and its transaction
  /// back. (The client library would send "end of file", and the rows so far would be committed:
  /// tried with Connector/C 3.3.20.)
  ExecuteResult load_local(std::string_view sql, ByteSource& source);

  /// The server's id of this session, as in KILL.
  std::uint64_t id() const;
  /// False after the session was lost.
  bool alive() const;
  bool ping();
  ServerFamily family() const;
  /// "10.11.6-MariaDB"
  const std::string& server_version() const;
  const ConnectionOptions& options() const;

  /// Quotes a text as a literal of this session's charset and sql_mode.
  std::string literal(std::string_view text) const;

 private:
  struct State;
  static Connection open_as(const ConnectionOptions& options);
  explicit Connection(State* state) : state_(state) {}
  State* state_ = nullptr;
};

/// Ends the statement (and with `Victim::connection` the session) with id `connection_id` over a
/// new connection of the same account; own sessions need no privilege. An id that is gone is no
/// error.
enum class Victim { statement, connection };
void kill_from_outside(const ConnectionOptions& same_account, std::uint64_t connection_id,
                       Victim victim);

}  // namespace pipeline
