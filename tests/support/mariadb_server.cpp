#include "tests/support/mariadb_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"
#include "tests/support/run_program.h"
#include "tests/support/server_process.h"

namespace pipeline::test {
namespace {

namespace fs = std::filesystem;
using Time = std::chrono::steady_clock;

constexpr auto start_limit = std::chrono::seconds(30);
constexpr auto stop_limit = std::chrono::seconds(20);
constexpr auto poll_every = std::chrono::milliseconds(10);

/// The template must be made with the log size that the server starts with.
const char* const log_size_option = "--innodb-log-file-size=8M";

std::string server_version() {
  const auto version = run_program({.argv = {"mariadbd", "--no-defaults", "--version"}});
  // "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"
  const auto start = version.out.find("Ver ");
  if (!version.ok() || start == std::string::npos) {
    throw Error(ErrorKind::internal, "mariadbd --version says nothing usable: " + version.text());
  }
  return version.out.substr(start + 4, version.out.find(' ', start + 4) - start - 4);
}

void install_database(const std::string& folder) {
  const TempDir temporary;  // a starting server removes the temporary tables that it finds in there
  std::vector<std::string> argv = {"mariadb-install-db",
                                   "--no-defaults",
                                   "--auth-root-authentication-method=normal",
                                   "--skip-test-db",
                                   "--datadir=" + folder,
                                   log_size_option,
                                   "--innodb-flush-method=nosync"};
  if (::geteuid() == 0) argv.emplace_back("--user=root");
  const auto made = run_program(
      {.argv = argv, .env = {{"TMPDIR", temporary.path()}}, .time_limit = std::chrono::minutes(2)});
  if (!made.ok()) throw Error(ErrorKind::internal, "mariadb-install-db: " + made.text() + made.out);
}

/// A finished data folder to copy from. Programs that come at once each make one beside it; the
/// first rename wins and the others throw theirs away.
fs::path data_template() {
  fs::path ready = fs::path(PIPELINE_BINARY_DIR) /
                   ("mariadb-template-" + server_version() + "-" + std::to_string(::geteuid()));
  if (fs::exists(ready)) return ready;
  const fs::path mine = ready.string() + ".part." + std::to_string(::getpid());
  install_database(mine.string());
  std::error_code lost_the_race;
  fs::rename(mine, ready, lost_the_race);
  if (lost_the_race) fs::remove_all(mine);
  return ready;
}

bool accepts_connections(const std::string& socket_path) {
  ConnectionOptions options;
  options.endpoint.socket = socket_path;
  options.account.user = "root";
  options.connect_timeout = std::chrono::seconds(2);
  try {
    return Connection::open(options).alive();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable) return false;
    throw;
  }
}

}  // namespace

int free_tcp_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw Error(ErrorKind::internal, "no free TCP port on 127.0.0.1");
  }
  return ntohs(address.sin_port);
}

MariadbServer::MariadbServer(Options options)
    : options_(std::move(options)), dir_(server_data_parent()) {
  fs::copy(data_template(), dir_.file("data"), fs::copy_options::recursive);
  if (options_.listen == Listen::socket_and_tcp) tcp_port_ = free_tcp_port();
  start();
}

MariadbServer::~MariadbServer() {
  kill();
}

std::vector<std::string> MariadbServer::arguments() const {
  std::vector<std::string> arguments = {
      "mariadbd", "--no-defaults", "--datadir=" + dir_.file("data"), "--socket=" + socket(),
      "--pid-file=" + dir_.file("pid"), "--tmpdir=" + dir_.path(), "--local-infile=1",
      "--lower-case-table-names=0", "--character-set-server=utf8mb4",
      "--innodb-buffer-pool-size=64M", log_size_option,
      // Pages stay in the kernel's cache: safe against a killed
      // server, which is all that tests do, and fast.
      "--innodb-flush-method=nosync", "--debug-no-sync", "--innodb-buffer-pool-dump-at-shutdown=0",
      "--innodb-buffer-pool-load-at-startup=0", "--aria-pagecache-buffer-size=8M",
      "--key-buffer-size=1M", "--max-connections=100", "--secure-file-priv=" + dir_.path()};
  if (tcp_port_ == 0) {
    arguments.emplace_back("--skip-networking");
  } else {
    arguments.emplace_back("--bind-address=127.0.0.1");
    arguments.emplace_back("--skip-name-resolve");
    arguments.emplace_back("--port=" + std::to_string(tcp_port_));
  }
  if (::geteuid() == 0) arguments.emplace_back("--user=root");
  arguments.insert(arguments.end(), options_.extra_arguments.begin(),
                   options_.extra_arguments.end());
  return arguments;
}

void MariadbServer::start() {
  require(pid_ < 0, "the server does not run yet");
  pid_ = start_process(arguments(), log_file());
  wait_until_it_answers();
}

void MariadbServer::wait_until_it_answers() {
  const auto deadline = Time::now() + start_limit;
  while (!accepts_connections(socket())) {
    const bool ended = reap(pid_);
    if (ended) pid_ = -1;
    if (ended || Time::now() > deadline) {
      throw Error(ErrorKind::unavailable,
                  "mariadbd did not start: " + tail(read_text_file(log_file())));
    }
    std::this_thread::sleep_for(poll_every);
  }
}

void MariadbServer::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  const auto deadline = Time::now() + stop_limit;
  while (!reap(pid_)) {
    if (Time::now() > deadline) return kill();
    std::this_thread::sleep_for(poll_every);
  }
  pid_ = -1;
}

void MariadbServer::kill() {
  if (pid_ < 0) return;
  kill_process(pid_);
  pid_ = -1;
}

void MariadbServer::restart() {
  stop();
  start();
}

void MariadbServer::save_data(const std::string& folder) {
  stop();
  fs::copy(dir_.file("data"), folder, fs::copy_options::recursive);
  start();
}

void MariadbServer::load_data(const std::string& folder) {
  kill();
  fs::remove_all(dir_.file("data"));
  fs::copy(folder, dir_.file("data"), fs::copy_options::recursive);
  start();
}

Endpoint MariadbServer::endpoint() const {
  Endpoint endpoint;
  endpoint.socket = socket();
  return endpoint;
}

Endpoint MariadbServer::tcp_endpoint() const {
  require(tcp_port_ != 0, "the server was asked to listen on TCP");
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = tcp_port_;
  endpoint.tls.mode = TlsOptions::Mode::insecure_plaintext;
  return endpoint;
}

ConnectionOptions MariadbServer::root_options() const {
  ConnectionOptions options;
  options.endpoint = endpoint();
  options.account.user = "root";
  options.account.password_origin = "the test's private server";
  return options;
}

ConnectionOptions MariadbServer::account_options(const std::string& account) const {
  ConnectionOptions options = root_options();
  options.account.user = account;
  const auto found = passwords_.find(account);
  options.account.password = Secret(found != passwords_.end() ? found->second : "pw_" + account);
  return options;
}

void MariadbServer::run_sql_file(const std::string& path,
                                 const std::map<std::string, std::string>& replacements) {
  std::string sql = read_text_file(path);
  for (const auto& [from, to] : replacements) sql = replace_all(sql, from, to);
  run_sql(sql);
}

void MariadbServer::run_sql(const std::string& sql) {
  const auto said =
      run_program({.argv = {"mariadb", "--no-defaults", "--user=root",
                            "--default-character-set=utf8mb4", "--socket=" + socket()},
                   .standard_input = sql});
  if (!said.ok()) throw Error(ErrorKind::sql_rejected, "the mariadb client: " + said.text());
}

void MariadbServer::apply_grants(const std::map<std::string, std::string>& passwords) {
  const std::string folder = PIPELINE_SOURCE_DIR "/deploy/sql/";
  passwords_ = passwords;
  std::string grants = read_text_file(folder + "grants.sql");
  static constexpr std::string_view placeholder_opening = "@PASSWORD_";
  for (auto at = grants.find(placeholder_opening); at != std::string::npos;
       at = grants.find(placeholder_opening)) {
    const auto end = grants.find('@', at + placeholder_opening.size());
    if (end == std::string::npos)
      throw Error(ErrorKind::internal, "grants.sql: @PASSWORD_ has no end");
    const auto account =
        grants.substr(at + placeholder_opening.size(), end - at - placeholder_opening.size());
    const auto& password = passwords_.emplace(account, "pw_" + account).first->second;
    grants = replace_all(grants, grants.substr(at, end + 1 - at), password);
  }
  run_sql_file(folder + "pipeline.sql", {});
  run_sql(grants);
}

}  // namespace pipeline::test
