// A server in Python that a test starts: it writes its port to a file once it listens.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// Listens on 127.0.0.1; dies with the thread that started it. Needs python3.
class ScriptServer {
 public:
  /// Runs tests/support/`script` with the folder and then `arguments`. `files` are in the folder
  /// before it starts. Throws unavailable, with the end of its log, if it does not start.
  struct File {
    std::string name;
    std::string content;
  };
  ScriptServer(const std::string& script, const std::vector<std::string>& arguments,
               const std::vector<File>& files = {});
  ~ScriptServer();
  ScriptServer(const ScriptServer&) = delete;
  ScriptServer& operator=(const ScriptServer&) = delete;

  int port() const { return port_; }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// What the server keeps in its folder; empty if it has not written such a file.
  std::string read(const std::string& name) const;
  bool has(const std::string& name) const;
  void write(const std::string& name, const std::string& content);

 private:
  TempDir dir_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace pipeline::test
