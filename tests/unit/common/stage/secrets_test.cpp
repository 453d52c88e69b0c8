// Secrets come from where the configuration says, and a failure names the place only.
#include "common/stage/secrets.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::HasSubstr;
using Source = SecretReference::Source;

std::string failure_of(const SecretReference& reference) {
  try {
    resolve_secret(reference);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::access_denied);
    return error.what();
  }
  return "no failure";
}

TEST(Secrets, AreReadWithoutTheLineBreakAtTheEnd) {
  const std::string path = testing::TempDir() + "/secret_" + std::to_string(getpid());
  std::ofstream(path) << "pass word\n";
  EXPECT_EQ(resolve_secret({Source::file, path, "p:1:1"}).reveal(), "pass word");
  std::ofstream(path) << "\n";
  EXPECT_THAT(failure_of({Source::file, path, "p:1:1"}), HasSubstr("it is empty"));
  std::remove(path.c_str());
  EXPECT_THAT(failure_of({Source::file, path, "p:1:1"}), HasSubstr("no such file"));
}

TEST(Secrets, NameAFileThatCannotBeRead) {
  EXPECT_THAT(failure_of({Source::file, "/proc", "p.yaml:3:4"}),
              HasSubstr("p.yaml:3:4: the password is to come from file /proc, but cannot read "
                        "/proc: Is a directory"));
  EXPECT_THAT(failure_of({Source::file, "/dev/null/x", ""}), HasSubstr("Not a directory"));
}

TEST(Secrets, ComeFromTheEnvironment) {
  setenv("PIPELINE_TEST_SECRET", "from-env", 1);
  EXPECT_EQ(resolve_secret({Source::environment, "PIPELINE_TEST_SECRET", ""}).reveal(), "from-env");
  unsetenv("PIPELINE_TEST_SECRET");
  EXPECT_THAT(failure_of({Source::environment, "PIPELINE_TEST_SECRET", "p.yaml:3:4"}),
              HasSubstr("p.yaml:3:4: the password is to come from environment variable "
                        "PIPELINE_TEST_SECRET, but the variable is not set"));
}

TEST(Secrets, ComeFromTheCredentialsOfTheUnit) {
  const std::string name = "credential_" + std::to_string(getpid());
  std::ofstream(testing::TempDir() + "/" + name) << "from-systemd";
  setenv("CREDENTIALS_DIRECTORY", testing::TempDir().c_str(), 1);
  EXPECT_EQ(resolve_secret({Source::credential, name, ""}).reveal(), "from-systemd");
  EXPECT_THAT(failure_of({Source::credential, "absent", ""}),
              HasSubstr("there is no such file: " + testing::TempDir()));
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(failure_of({Source::credential, name, ""}),
              HasSubstr("CREDENTIALS_DIRECTORY is not set: systemd sets it for units with "
                        "LoadCredential="));
  std::remove((testing::TempDir() + "/" + name).c_str());
}

}  // namespace
}  // namespace pipeline
