#include "common/stage/secrets.h"

#include <cstdlib>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr std::size_t secret_bytes_max = 64U << 10U;

[[noreturn]] void missing(const SecretReference& reference, std::string_view why) {
  throw Error(ErrorKind::access_denied,
              fmt::format("{}: the {} is to come from {}, but {}", reference.where, reference.what,
                          reference.text(), why));
}

std::string file_text(const SecretReference& reference, const std::string& path) {
  std::optional<std::string> text;
  try {
    text = read_file_if_present(path, secret_bytes_max);
  } catch (const Error& error) {
    missing(reference, error.message());
  }
  if (!text) missing(reference, fmt::format("there is no such file: {}", path));
  return *std::move(text);
}

std::string fetch(const SecretReference& reference) {
  switch (reference.source) {
    case SecretReference::Source::none:
      missing(reference, "no place is named");
    case SecretReference::Source::file:
      return file_text(reference, reference.name);
    case SecretReference::Source::environment: {
      const char* value = std::getenv(reference.name.c_str());
      if (value == nullptr) missing(reference, "the variable is not set");
      return value;
    }
    case SecretReference::Source::credential: {
      // systemd.exec(5), LoadCredential=: one file a credential in this folder.
      const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
      if (folder == nullptr)
        missing(reference,
                "CREDENTIALS_DIRECTORY is not set: systemd sets it for units with LoadCredential=");
      return file_text(reference, std::string(folder) + "/" + reference.name);
    }
    case SecretReference::Source::secretsmanager:
    case SecretReference::Source::my_cnf:
      missing(reference, "that place holds a login, and no single value");
  }
  missing(reference, "no place is named");
}

}  // namespace

Secret resolve_secret(const SecretReference& reference) {
  std::string value = fetch(reference);
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  if (value.empty()) missing(reference, "it is empty");
  return Secret(std::move(value));
}

}  // namespace pipeline
