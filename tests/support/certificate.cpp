#include "tests/support/certificate.h"

#include "common/base/error.h"
#include "tests/support/run_program.h"
#include "tests/support/server_process.h"

namespace pipeline::test {

Certificate::Certificate() {
  const auto made =
      run_program({.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                            "-keyout", dir_.file("key.pem"), "-out", dir_.file("cert.pem")}});
  if (!made.ok()) throw Error(ErrorKind::unavailable, "openssl: " + tail(made.text()));
}

std::string Certificate::pem() const {
  return read_text_file(dir_.file("cert.pem")) + read_text_file(dir_.file("key.pem"));
}

}  // namespace pipeline::test
