// A private radosgw (Ceph's S3 service) for a test program: own data in memory, gone at the end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/certificate.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// One monitor, one object store in memory, one gateway; up in about 15 s. It checks signatures,
/// payload hashes and clocks as S3 does, but not session tokens, and gives a list in pages of 3.
/// Dies with the thread that started it. Needs the Debian packages radosgw, ceph-mon and ceph-osd,
/// and openssl.
class Radosgw {
 public:
  /// Returns when the gateway answers. Throws Error unavailable with the tail of its log otherwise.
  Radosgw();
  ~Radosgw();
  Radosgw(const Radosgw&) = delete;
  Radosgw& operator=(const Radosgw&) = delete;

  int port() const { return port_; }
  /// In clear text. Names under "localhost" need no DNS, so "bucket.s3.localhost" reaches it too.
  std::string endpoint() const { return "http://s3.localhost:" + std::to_string(port_); }
  /// Over TLS, with a certificate for s3.localhost and *.s3.localhost ...
  std::string tls_endpoint() const { return "https://s3.localhost:" + std::to_string(tls_port_); }
  /// ... that this file vouches for.
  std::string ca_file() const { return certificate_.ca_file(); }
  std::string access_key() const { return "AKIDPIPELINETEST"; }
  std::string secret_key() const { return "canary-secret-of-the-store"; }
  /// Keys of another user, who may do nothing with the first one's buckets.
  std::string stranger_access_key() const { return "AKIDSTRANGER"; }
  std::string stranger_secret_key() const { return "canary-secret-of-a-stranger"; }

 private:
  void write_config() const;
  void run(std::vector<std::string> argv) const;
  void start(std::vector<std::string> argv);
  void wait_until_it_answers() const;

  TempDir dir_;
  Certificate certificate_{"DNS:s3.localhost,DNS:*.s3.localhost"};
  int mon_port_ = 0;
  int port_ = 0;
  int tls_port_ = 0;
  std::vector<pid_t> pids_;  // in the order in which they were started
};

}  // namespace pipeline::test
