// Connector/C is open by default: over TCP it speaks clear text, SSL_ENFORCE alone falls back to
// clear text when the server offers no TLS, a server may switch the login to mysql_clear_password
// and so be sent the password, and LOAD DATA LOCAL reads any file of this host. The options set
// here close each of these; what each one does was tried against Connector/C 3.3.20.
#include "common/mariadb/connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <mutex>
#include <utility>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "common/mariadb/local_infile.h"
#include "common/mariadb/server_errors.h"
#include "common/mariadb/server_message.h"

namespace pipeline {
namespace {

using Time = std::chrono::steady_clock;

/// Everything but mysql_clear_password (and dialog, which may ask for it). Names as the server
/// sends them; client_ed25519 is MariaDB's.
constexpr const char* allowed_login_plugins =
    "mysql_native_password,caching_sha2_password,client_ed25519";

// Longer than any run; the next one ends what is left of a dead one.
constexpr std::chrono::hours idle_max{24};
constexpr unsigned int errno_wrong_password = 1045;    // ER_ACCESS_DENIED_ERROR
constexpr unsigned int errno_no_such_thread = 1094;    // ER_NO_SUCH_THREAD
constexpr unsigned int errno_unknown_database = 1049;  // ER_BAD_DB_ERROR

/// After these the session is gone, or in a state nobody knows.
bool ends_session(unsigned int error_number) {
  static constexpr std::array<unsigned int, 10> server_side_numbers = {
      1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031};  // names in server_errors.cpp
  static constexpr std::array<unsigned int, 8> client_side_numbers = {
      CR_SERVER_GONE_ERROR,    CR_SERVER_LOST,      CR_COMMANDS_OUT_OF_SYNC,
      CR_SSL_CONNECTION_ERROR, CR_MALFORMED_PACKET, CR_SERVER_LOST_EXTENDED,
      CR_ERR_NET_READ,         CR_ERR_NET_WRITE};
  const auto has = [error_number](const auto& numbers) {
    return std::find(numbers.begin(), numbers.end(), error_number) != numbers.end();
  };
  return has(server_side_numbers) || has(client_side_numbers);
}

void init_library_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::mysql_library_init(0, nullptr, nullptr);
    // OpenSSL writes with write(2): a server that dies during a TLS session must give an error
    // here, not end the process.
    struct sigaction now {};
    if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) {
      std::signal(SIGPIPE, SIG_IGN);
    }
  });
}

void set_keepalive(int socket) {
  const auto set = [socket](int level, int name, int value) {
    // Best effort: a kernel that refuses leaves the read timeout as the bound.
    ::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);   // seconds
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);  // seconds
  set(IPPROTO_TCP, TCP_KEEPCNT, 6);
}

struct FreeResult {
  void operator()(MYSQL_RES* result) const { ::mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, FreeResult>;

std::string password_hint(const Account& account) {
  if (account.password.empty()) return "no password was given";
  if (account.password_origin.empty()) return "nobody said where the password came from";
  return "the password came from " + account.password_origin;
}

/// What an operator is to look at when no session came about.
std::string_view unreachable_hint(unsigned int error_number, const Endpoint& endpoint) {
  switch (error_number) {
    case CR_UNKNOWN_HOST:
      return "; is the host's name right, and does this machine resolve it?";
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_IPSOCK_ERROR:
      return endpoint.socket.empty()
                 ? "; does the server run, are host and port right, does a firewall stand between?"
                 : "; does the server run, and is that its socket?";
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
      return "; is a MariaDB or MySQL server behind it, and does it answer others?";
    default:
      return "";
  }
}

/// Waits until the server says something or hangs up; false after `limit`.
bool speaks_within(int socket, std::chrono::milliseconds limit) {
  const auto deadline = Time::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Time::now());
    if (left.count() <= 0) return false;
    pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    // An error is the client library's to find.
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
}

/// True if a TLS error says that the line broke, not that the other side is the wrong one.
/// Connector/C gives both the number 2026; the texts are those of OpenSSL 3.0 and of strerror.
bool line_broke(std::string_view tls_error) {
  static constexpr std::array<std::string_view, 3> broken_line_texts = {
      "unexpected eof", "Connection reset by peer", "Broken pipe"};
  return std::any_of(
      broken_line_texts.begin(), broken_line_texts.end(),
      [&](std::string_view text) { return tls_error.find(text) != std::string_view::npos; });
}

/// What an operator is to do about a failed TLS.
std::string tls_hint(const TlsOptions& tls) {
  return tls.ca_file.empty() ? "the server must offer TLS with a certificate that the system's CAs "
                               "vouch for; give its CA file if it has its own"
                             : "the server must offer TLS with a certificate from " + tls.ca_file;
}

}  // namespace

std::string Endpoint::text() const {
  return socket.empty() ? host + ":" + std::to_string(port) : socket;
}

struct Connection::State {
  enum class Session { opening, alive, lost };
  using OnColumns = std::function<void(std::span<const MYSQL_FIELD>)>;

  explicit State(const ConnectionOptions& wanted) : options(wanted) {}
  ~State() {
    if (mysql != nullptr) ::mysql_close(mysql);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // The steps of open(), in their order. Errors name the step.
  void init();
  void set_options();
  void connect();
  void set_up_session();
  /// One step after the login.
  template <typename Action>
  void step(std::string_view what, Action&& action);

  /// Sends one statement and waits for the first answer.
  void send(std::string_view sql);
  /// The same without a look at what came back; nonzero: it failed.
  int ask(std::string_view sql);
  ExecuteResult execute(std::string_view sql);
  void stream(std::string_view sql, const OnColumns& on_columns,
              const std::function<void(RowView)>& on_row);
  void read_rows(MYSQL_RES* result, const std::function<void(RowView)>& on_row);
  /// Moves to the next result of a CALL; false if there is none.
  bool next_result(std::string_view sql);
  void abandon(Result result);
  void drain();

  Error failure(std::string_view sql);
  Error connect_failure();
  std::string server_says(std::string_view sql) const;
  bool over_tcp() const { return options.endpoint.socket.empty(); }
  template <typename Value>
  void set(mysql_option option, std::string_view name, const Value* value);

  ConnectionOptions options;
  LocalInfile infile;
  MYSQL* mysql = nullptr;
  Session session = Session::opening;
  std::uint64_t id = 0;
  std::uint64_t max_allowed_packet = 0;
  std::string version;
  ServerFamily family = ServerFamily::mariadb;
  Time::time_point statement_start;
};

template <typename Action>
void Connection::State::step(std::string_view what, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    Error told(error.kind(), "cannot open a session as user " + options.account.user + " at " +
                                 options.endpoint.text() + ": " + std::string(what) + ": " +
                                 error.message());
    for (const auto* key : {"errno", "sqlstate", "statement"}) {
      const auto value = error.context_value(key);
      if (!value.empty()) told = Error(std::move(told).with(key, std::string(value)));
    }
    throw told;
  }
}

void Connection::State::init() {
  step("client library", [&] {
    failpoint("mariadb_init");
    init_library_once();
    mysql = ::mysql_init(nullptr);
    if (mysql == nullptr) throw Error(ErrorKind::resource_exhausted, "mysql_init: out of memory");
  });
}

template <typename Value>
void Connection::State::set(mysql_option option, std::string_view name, const Value* value) {
  step(name, [&] {
    failpoint("mariadb_option");
    if (::mysql_options(mysql, option, value) != 0) {
      throw Error(ErrorKind::internal, "the MariaDB client library refuses it");
    }
  });
}

void Connection::State::set_options() {
  const my_bool off = 0;
  const my_bool on = 1;
  const auto seconds = [](std::chrono::seconds duration) {
    return static_cast<unsigned int>(duration.count());
  };
  const unsigned int connect_seconds = seconds(options.connect_timeout);
  const unsigned int read_seconds = seconds(options.read_timeout);
  set(MYSQL_OPT_CONNECT_TIMEOUT, "option connect time limit", &connect_seconds);
  set(MYSQL_OPT_READ_TIMEOUT, "option read time limit", &read_seconds);
  // A server that waits for a lock in the middle of a load takes no bytes meanwhile.
  set(MYSQL_OPT_WRITE_TIMEOUT, "option write time limit", &read_seconds);
  set(MYSQL_SET_CHARSET_NAME, "option client character set", "utf8mb4");
  // With it on, a COMMIT on the new session "succeeds" though the transaction was lost.
  set(MYSQL_OPT_RECONNECT, "option no reconnect", &off);
  set(MARIADB_OPT_RESTRICTED_AUTH, "option kinds of login", allowed_login_plugins);

  // Without it the name "localhost" would mean the default socket.
  const unsigned int protocol = over_tcp() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  set(MYSQL_OPT_PROTOCOL, "option protocol", &protocol);
  const bool tls = over_tcp() && options.endpoint.tls.mode == TlsOptions::Mode::verify;
  set(MYSQL_OPT_SSL_ENFORCE, "option TLS", tls ? &on : &off);
  set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, "option certificate check", tls ? &on : &off);
  if (tls && !options.endpoint.tls.ca_file.empty()) {
    set(MYSQL_OPT_SSL_CA, "option certificate authority", options.endpoint.tls.ca_file.c_str());
  }

  const unsigned int local_infile =
      options.local_infile == ConnectionOptions::LocalInfile::own_handler ? 1 : 0;
  set(MYSQL_OPT_LOCAL_INFILE, "option local infile", &local_infile);
  ::mysql_set_local_infile_handler(mysql, &LocalInfile::on_open, &LocalInfile::on_read,
                                   &LocalInfile::on_end, &LocalInfile::on_error, &infile);
}

void Connection::State::connect() {
  step("connect", [] { failpoint("mariadb_connect"); });
  const auto& endpoint = options.endpoint;
  const char* const host = over_tcp() ? endpoint.host.c_str() : "localhost";
  const char* const database = options.database.empty() ? nullptr : options.database.c_str();
  const auto port = over_tcp() ? static_cast<unsigned int>(endpoint.port) : 0U;
  const char* const socket = over_tcp() ? nullptr : endpoint.socket.c_str();
  if (::mysql_real_connect(mysql, host, options.account.user.c_str(),
                           options.account.password.reveal().c_str(), database, port, socket,
                           0) == nullptr) {
    throw connect_failure();
  }
  step("after the login", [] { failpoint("mariadb_connected"); });
  if (!over_tcp()) return;
  set_keepalive(::mysql_get_socket(mysql));
  if (endpoint.tls.mode == TlsOptions::Mode::verify && ::mysql_get_ssl_cipher(mysql) == nullptr) {
    throw Error(ErrorKind::wrong_database, "the session with " + endpoint.text() +
                                               " is not encrypted; " + tls_hint(endpoint.tls));
  }
}

void Connection::State::set_up_session() {
  version = ::mysql_get_server_info(mysql);
  family = to_lower(version).find("mariadb") != std::string::npos ? ServerFamily::mariadb
                                                                  : ServerFamily::mysql;
  const std::string lock_seconds = std::to_string(options.lock_wait_timeout.count());
  const auto say = [this](std::string_view what, std::string_view failpoint_name,
                          const std::string& sql) {
    step(what, [&] {
      failpoint(failpoint_name);
      execute(sql);
    });
  };
  say("character set", "mariadb_charset", "SET NAMES utf8mb4");
  say("isolation level", "mariadb_isolation",
      "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  say("autocommit", "mariadb_autocommit", "SET autocommit=1");
  say("time zone", "mariadb_time_zone", "SET time_zone=" + quote_text(options.time_zone));
  say("sql_mode", "mariadb_sql_mode", "SET sql_mode=" + quote_text(options.sql_mode));
  say("lock limits", "mariadb_lock_limits",
      "SET lock_wait_timeout=" + lock_seconds + ", innodb_lock_wait_timeout=" + lock_seconds);
  // The server's own limits are made for web applications. The session that holds the locks idles
  // while a dump is loaded by another one, and the loading one waits for the store.
  const std::string read_seconds = std::to_string(options.read_timeout.count());
  say("idle limits", "mariadb_idle_limits",
      "SET wait_timeout=" + std::to_string(std::chrono::seconds(idle_max).count()) +
          ", net_read_timeout=" + read_seconds + ", net_write_timeout=" + read_seconds);
  const auto number = [](std::optional<std::string_view> text) {
    std::uint64_t value = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), value);
    return value;
  };
  step("session id and packet size", [&] {
    failpoint("mariadb_session_id");
    // mysql_thread_id() cuts the id to 32 bits.
    stream("SELECT CONNECTION_ID(), @@max_allowed_packet", {}, [&](RowView row) {
      id = number(row[0]);
      max_allowed_packet = number(row[1]);
    });
  });
  session = Session::alive;
}

std::string Connection::State::server_says(std::string_view sql) const {
  return message_without_values(::mysql_errno(mysql), ::mysql_error(mysql), sql);
}

Error Connection::State::connect_failure() {
  const unsigned int number = ::mysql_errno(mysql);
  const bool broken = number == CR_SSL_CONNECTION_ERROR && line_broke(::mysql_error(mysql));
  ErrorKind kind = kind_of_server_error(number);
  if (number == errno_unknown_database) kind = ErrorKind::wrong_database;
  if (broken) kind = ErrorKind::unavailable;
  const std::string whom = "user " + options.account.user + " at " + options.endpoint.text();
  std::string message;
  if (kind == ErrorKind::access_denied) {
    message = "access denied for " + whom + "; " + password_hint(options.account) +
              "; the server says: " + server_says("");
  } else if (number == CR_SSL_CONNECTION_ERROR && !broken) {
    message = "no verified TLS session with " + options.endpoint.text() + ": " + server_says("") +
              "; " + tls_hint(options.endpoint.tls);
  } else {
    message = "cannot connect as " + whom + ": " + server_says("") +
              std::string(unreachable_hint(number, options.endpoint));
  }
  return Error(kind, message)
      .with("errno", std::to_string(number))
      .with("sqlstate", ::mysql_sqlstate(mysql));
}

Error Connection::State::failure(std::string_view sql) {
  const unsigned int number = ::mysql_errno(mysql);
  ErrorKind kind = kind_of_server_error(number);
  std::string message = server_says(sql);
  if (ends_session(number)) session = Session::lost;
  // Over TLS this is how a session ends that was killed; at the login it has another meaning.
  if (number == CR_SSL_CONNECTION_ERROR) kind = ErrorKind::unavailable;
  if (number == CR_SERVER_LOST && Time::now() - statement_start >= options.read_timeout) {
    kind = ErrorKind::timed_out;
    message = "no answer in " + std::to_string(options.read_timeout.count()) +
              " s; the statement may still run in the server";
  }
  return Error(kind, message)
      .with("errno", std::to_string(number))
      .with("sqlstate", ::mysql_sqlstate(mysql))
      .with("statement", statement_for_messages(sql));
}

void Connection::State::send(std::string_view sql) {
  if (session == Session::lost) {
    throw Error(ErrorKind::unavailable,
                "the session with " + options.endpoint.text() + " was lost before")
        .with("statement", statement_for_messages(sql));
  }
  // The server's own answer to such a packet is to hang up, which says nothing.
  if (max_allowed_packet != 0 && sql.size() >= max_allowed_packet) {
    throw Error(ErrorKind::resource_exhausted,
                "a statement of " + human_bytes(sql.size()) +
                    " is larger than the server's max_allowed_packet of " +
                    human_bytes(max_allowed_packet))
        .with("statement", statement_for_messages(sql));
  }
  statement_start = Time::now();
  if (ask(sql) == 0) return;
  auto error = failure(sql);
  if (infile.session_cut()) session = Session::lost;
  if (const auto infile_failure = infile.take_failure()) std::rethrow_exception(infile_failure);
  throw error;
}

int Connection::State::ask(std::string_view sql) {
  const auto bytes = static_cast<unsigned long>(sql.size());
  if (session != Session::opening) return ::mysql_real_query(mysql, sql.data(), bytes);
  // read_timeout is made for statements that run for an hour. Who has taken the login and then says
  // nothing must not hold a run that long.
  if (const int failed = ::mysql_send_query(mysql, sql.data(), bytes)) return failed;
  if (!speaks_within(::mysql_get_socket(mysql), options.connect_timeout)) {
    session = Session::lost;
    throw Error(ErrorKind::unavailable, "the server took the login and then gave no answer in " +
                                            std::to_string(options.connect_timeout.count()) +
                                            " s; does it hang, or is its disk full?")
        .with("statement", statement_for_messages(sql));
  }
  return ::mysql_read_query_result(mysql);
}

bool Connection::State::next_result(std::string_view sql) {
  const int state = ::mysql_next_result(mysql);
  if (state > 0) throw failure(sql);
  return state == 0;
}

ExecuteResult Connection::State::execute(std::string_view sql) {
  send(sql);
  ExecuteResult done;
  do {
    Result rows(::mysql_use_result(mysql));
    if (rows == nullptr && ::mysql_errno(mysql) != 0) throw failure(sql);
    if (rows == nullptr) done.affected_rows = ::mysql_affected_rows(mysql);
    if (rows != nullptr) read_rows(rows.get(), {});
    if (::mysql_errno(mysql) != 0) throw failure(sql);
    done.warnings = ::mysql_warning_count(mysql);
    if (const char* info = ::mysql_info(mysql)) done.info = info;
  } while (next_result(sql));
  return done;
}

void Connection::State::read_rows(MYSQL_RES* result, const std::function<void(RowView)>& on_row) {
  const unsigned int width = ::mysql_num_fields(result);
  std::vector<std::optional<std::string_view>> views(width);
  while (MYSQL_ROW row = ::mysql_fetch_row(result)) {
    if (!on_row) continue;
    const unsigned long* lengths = ::mysql_fetch_lengths(result);
    for (unsigned int i = 0; i < width; ++i) {
      views[i].reset();
      if (row[i] != nullptr) views[i] = std::string_view(row[i], lengths[i]);
    }
    on_row(views);
  }
}

void Connection::State::stream(std::string_view sql, const OnColumns& on_columns,
                               const std::function<void(RowView)>& on_row) {
  send(sql);
  enum class Rows {
    wanted,
    dropped
  } rows = Rows::wanted;  // of a CALL only the first result counts
  do {
    Result result(::mysql_use_result(mysql));
    if (result == nullptr && ::mysql_errno(mysql) != 0) throw failure(sql);
    if (result == nullptr) continue;
    try {
      if (rows == Rows::wanted && on_columns) {
        on_columns({::mysql_fetch_fields(result.get()), ::mysql_num_fields(result.get())});
      }
      read_rows(result.get(), rows == Rows::wanted ? on_row : nullptr);
    } catch (...) {
      const auto thrown = std::current_exception();
      abandon(std::move(result));
      std::rethrow_exception(thrown);
    }
    if (::mysql_errno(mysql) != 0) throw failure(sql);
    rows = Rows::dropped;
  } while (next_result(sql));
}

/// Gets rid of the rest of a result without reading millions of rows: ends the statement, or if
/// that is impossible the session. Never throws.
void Connection::State::abandon(Result result) {
  try {
    kill_from_outside(options, id, Victim::statement);
    read_rows(result.get(), {});
    result.reset();
    drain();
    // The KILL may have come after the statement's end, and would then end the next one.
    if (::mysql_query(mysql, "DO 0") != 0 && ends_session(::mysql_errno(mysql))) {
      session = Session::lost;
    }
  } catch (const std::exception&) {
    session = Session::lost;
    ::shutdown(::mysql_get_socket(mysql), SHUT_RDWR);
  }
}

void Connection::State::drain() {
  while (::mysql_next_result(mysql) == 0) {
    const Result rest(::mysql_use_result(mysql));
    if (rest != nullptr) read_rows(rest.get(), {});
  }
}

Connection Connection::open_as(const ConnectionOptions& options) {
  auto state = std::make_unique<State>(options);
  state->init();
  state->set_options();
  state->connect();
  state->set_up_session();
  Connection opened(state.release());
  if (options.require_fit) options.require_fit(opened);
  return opened;
}

Connection Connection::open(const ConnectionOptions& options) {
  if (options.account.logins == nullptr) return open_as(options);
  LoginSource& logins = *options.account.logins;
  ConnectionOptions attempt = options;
  for (Login login = logins.current();;) {
    attempt.account.user = login.user;
    attempt.account.password = login.password;
    attempt.account.password_origin = login.origin;
    std::optional<Error> refusal;
    try {
      Connection opened = open_as(attempt);
      logins.accepted(login);
      return opened;
    } catch (const Error& error) {
      // Statements are refused with the same number, for rights that are missing.
      const bool at_login = error.context_value("statement").empty();
      if (!at_login || error.context_value("errno") != std::to_string(errno_wrong_password)) throw;
      refusal = error;
    }
    Login next = logins.after_refusal(login, *refusal);
    log::warn("the server refuses the password of {} that came from {}; trying the one from {}",
              login.user, login.origin, next.origin);
    login = std::move(next);
  }
}

Connection::Connection(Connection&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    delete state_;
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

Connection::~Connection() {
  delete state_;
}

ExecuteResult Connection::execute(std::string_view sql) {
  return state_->execute(sql);
}

ResultTable Connection::query(std::string_view sql, std::size_t rows_max) {
  ResultTable table;
  const auto keep_columns = [&](std::span<const MYSQL_FIELD> fields) {
    for (const auto& field : fields) table.columns.emplace_back(field.name, field.name_length);
  };
  state_->stream(sql, keep_columns, [&](RowView row) {
    if (table.rows.size() == rows_max) {
      throw Error(ErrorKind::internal,
                  "a query gave more than " + std::to_string(rows_max) + " rows")
          .with("statement", statement_for_messages(sql));
    }
    auto& kept = table.rows.emplace_back();
    kept.reserve(row.size());
    for (const auto& value : row) {
      kept.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
  });
  return table;
}

std::optional<std::string> Connection::query_value(std::string_view sql) {
  auto table = query(sql);
  if (table.rows.empty() || table.rows[0].empty()) return std::nullopt;
  return std::move(table.rows[0][0]);
}

void Connection::stream(std::string_view sql, const std::function<void(RowView)>& on_row) {
  state_->stream(sql, {}, on_row);
}

ExecuteResult Connection::load_local(std::string_view sql, ByteSource& source) {
  require(state_->options.local_infile == ConnectionOptions::LocalInfile::own_handler,
          "a session that loads was opened with LocalInfile::own_handler");
  struct Disarm {
    LocalInfile& infile;
    ~Disarm() { infile.disarm(); }
  } const disarm{state_->infile};
  state_->infile.arm(source, ::mysql_get_socket(state_->mysql));
  return state_->execute(sql);
}

std::uint64_t Connection::id() const {
  return state_->id;
}

bool Connection::alive() const {
  return state_->session == State::Session::alive;
}

bool Connection::ping() {
  if (alive() && ::mysql_ping(state_->mysql) != 0) state_->session = State::Session::lost;
  return alive();
}

ServerFamily Connection::family() const {
  return state_->family;
}

const std::string& Connection::server_version() const {
  return state_->version;
}

const ConnectionOptions& Connection::options() const {
  return state_->options;
}

std::string Connection::literal(std::string_view text) const {
  std::string escaped(text.size() * 2 + 1, '\0');
  escaped.resize(::mysql_real_escape_string(state_->mysql, escaped.data(), text.data(),
                                            static_cast<unsigned long>(text.size())));
  return "'" + escaped + "'";
}

void kill_from_outside(const ConnectionOptions& same_account, std::uint64_t connection_id,
                       Victim victim) {
  ConnectionOptions options = same_account;
  options.database.clear();
  options.local_infile = ConnectionOptions::LocalInfile::refused;
  auto killer = Connection::open(options);
  const std::string what = victim == Victim::statement ? "QUERY " : "CONNECTION ";
  try {
    killer.execute("KILL " + what + std::to_string(connection_id));
  } catch (const Error& error) {
    if (error.context_value("errno") != std::to_string(errno_no_such_thread)) throw;
  }
}

}  // namespace pipeline
