#include "common/aws/account_check.h"

#include <fmt/core.h>

#include "common/aws/sts.h"
#include "common/base/error.h"

namespace pipeline::aws {

AccountCheckedCredentials::AccountCheckedCredentials(std::shared_ptr<CredentialsSource> source,
                                                     ExpectedAccount expected,
                                                     ServiceOptions services, std::string region)
    : source_(std::move(source)),
      expected_(std::move(expected)),
      client_(std::move(services)),
      region_(std::move(region)) {}

Credentials AccountCheckedCredentials::fetch() {
  return checked(source_->fetch());
}

Credentials AccountCheckedCredentials::renew(const Credentials& refused) {
  Credentials renewed = source_->renew(refused);
  // Who has nothing newer gives the same again, and STS would say no more than the service did.
  return renewed == refused ? renewed : checked(std::move(renewed));
}

Credentials AccountCheckedCredentials::checked(Credentials credentials) {
  const CallerIdentity identity = Sts(client_, region_).get_caller_identity(credentials);
  if (identity.account == expected_.account) return credentials;
  throw Error(ErrorKind::config_invalid,
              fmt::format("{}: aws.account is {}, but the keys from {} are those of account {} "
                          "({}); nothing was touched",
                          expected_.where, expected_.account, credentials.origin, identity.account,
                          identity.arn));
}

}  // namespace pipeline::aws
