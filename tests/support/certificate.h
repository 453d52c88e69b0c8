// A certificate that is its own authority, for servers of tests.
#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// Needs openssl.
class Certificate {
 public:
  /// `names` as openssl writes alternative names.
  explicit Certificate(const std::string& names = "DNS:localhost,IP:127.0.0.1");

  /// What a client names to trust the server.
  std::string ca_file() const { return dir_.file("cert.pem"); }
  std::string key_file() const { return dir_.file("key.pem"); }
  /// Certificate and key, for the server.
  std::string pem() const;

 private:
  TempDir dir_;
};

}  // namespace pipeline::test
