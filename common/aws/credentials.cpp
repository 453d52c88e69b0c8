#include "common/aws/credentials.h"

namespace pipeline::aws {

bool Credentials::operator==(const Credentials& other) const {
  return access_key_id.reveal() == other.access_key_id.reveal() &&
         secret_access_key.reveal() == other.secret_access_key.reveal() &&
         session_token.reveal() == other.session_token.reveal();
}

Credentials CredentialsSource::renew(const Credentials& /*refused*/) {
  return fetch();
}

}  // namespace pipeline::aws
