// A certificate that is its own authority, for servers of tests.
#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// For localhost and 127.0.0.1. Needs openssl.
class Certificate {
 public:
  Certificate();

  /// What a client names to trust the server.
  std::string ca_file() const { return dir_.file("cert.pem"); }
  /// Certificate and key, for the server.
  std::string pem() const;

 private:
  TempDir dir_;
};

}  // namespace pipeline::test
