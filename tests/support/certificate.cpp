#include "tests/support/certificate.h"

#include "common/base/error.h"
#include "tests/support/run_program.h"
#include "tests/support/server_process.h"

namespace pipeline::test {

Certificate::Certificate(const std::string& names) {
  const auto made = run_program(
      {.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test",
                "-addext", "subjectAltName=" + names, "-keyout", key_file(), "-out", ca_file()}});
  if (!made.ok()) throw Error(ErrorKind::unavailable, "openssl: " + tail(made.text()));
}

std::string Certificate::pem() const {
  return read_text_file(ca_file()) + read_text_file(key_file());
}

}  // namespace pipeline::test
