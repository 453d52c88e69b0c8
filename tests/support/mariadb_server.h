// A private mariadbd for a test program: own data, own socket, gone at the end.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/mariadb/connection.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// Starts in well under a second from a template of the data folder that is made once per build
/// folder and server version. The server dies with the thread that started it, so start it on a
/// thread that lives as long as the program.
class MariadbServer {
 public:
  enum class Listen { socket, socket_and_tcp };
  struct Options {
    Listen listen = Listen::socket;
    std::vector<std::string> extra_arguments;  // of mariadbd, after ours
  };

  /// Returns when the server answers. Throws Error unavailable with the tail of its log otherwise.
  explicit MariadbServer(Options options);
  MariadbServer() : MariadbServer(Options{}) {}
  ~MariadbServer();
  MariadbServer(const MariadbServer&) = delete;
  MariadbServer& operator=(const MariadbServer&) = delete;

  void start();
  /// SIGTERM, and SIGKILL if it is still there after 20 s. Nothing if it does not run.
  void stop();
  /// SIGKILL, as in a crash; returns when the process is gone.
  void kill();
  void restart();
  /// Copies its whole data, accounts too, to a folder that is not there yet; stops in between.
  void save_data(const std::string& folder);
  /// Starts again with such a copy in place of what it held. Faster than to read a dump.
  void load_data(const std::string& folder);
  /// Of mariadbd, from the next start on.
  void add_argument(std::string argument) {
    options_.extra_arguments.push_back(std::move(argument));
  }
  pid_t pid() const { return pid_; }

  /// Its unix socket.
  Endpoint endpoint() const;
  /// 127.0.0.1 and its port, in clear text; only with Listen::socket_and_tcp.
  Endpoint tcp_endpoint() const;
  std::string socket() const { return dir_.file("s"); }
  std::string log_file() const { return dir_.file("log"); }

  ConnectionOptions root_options() const;
  Connection open_root() const { return Connection::open(root_options()); }
  /// Options of an account of grants.sql with its password from apply_grants().
  ConnectionOptions account_options(const std::string& account) const;

  /// Pipes a file through the `mariadb` client as root, after replacing each key of `replacements`
  /// by its value. Throws Error sql_rejected with what the client said.
  void run_sql_file(const std::string& path,
                    const std::map<std::string, std::string>& replacements);
  /// The same with a text.
  void run_sql(const std::string& sql);

  /// Applies deploy/sql/grants.sql, then deploy/sql/pipeline.sql if it is there. An account whose
  /// password is not given gets "pw_<account>". Placeholders are @PASSWORD_<account>@.
  void apply_grants(const std::map<std::string, std::string>& passwords = {});

 private:
  std::vector<std::string> arguments() const;
  void wait_until_it_answers();

  Options options_;
  TempDir dir_;
  int tcp_port_ = 0;
  pid_t pid_ = -1;
  std::map<std::string, std::string> passwords_;
};

/// A TCP port of 127.0.0.1 that was free a moment ago.
int free_tcp_port();

}  // namespace pipeline::test
